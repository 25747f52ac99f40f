/** A number that the command line sets for a scenario. */
export interface NumberOption {
  readonly kind: 'number';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly isInteger: boolean;
  /** What it means, with its unit: a part of the usage text. */
  readonly about: string;
}

/** One word out of several. */
export interface ChoiceOption<Choice extends string = string> {
  readonly kind: 'choice';
  readonly default: Choice;
  readonly choices: readonly Choice[];
  readonly about: string;
}

/** The options of a scenario by their names on the command line. */
export type OptionSpecs = Readonly<Record<string, NumberOption | ChoiceOption>>;

/** What the scenario gets for its `OptionSpecs`. */
export type OptionValues<Specs extends OptionSpecs> = {
  readonly [Name in keyof Specs]: Specs[Name] extends ChoiceOption<infer Choice> ? Choice : number;
};

/** A share of the whole. [0..1] */
export function share(byDefault: number, about: string): NumberOption {
  return { kind: 'number', default: byDefault, min: 0, max: 1, isInteger: false, about };
}

/** A whole number from `min` on. */
export function count(byDefault: number, about: string, min = 1, max = 1_000_000): NumberOption {
  return { kind: 'number', default: byDefault, min, max, isInteger: true, about };
}

/** A quantity that may have decimals. */
export function quantity(byDefault: number, about: string, min = 0, max = 1e9): NumberOption {
  return { kind: 'number', default: byDefault, min, max, isInteger: false, about };
}

/** One of `choices`, of which the first is the default. */
export function choice<const Choice extends string>(
  choices: readonly [Choice, ...Choice[]],
  about: string,
): ChoiceOption<Choice> {
  return { kind: 'choice', default: choices[0], choices, about };
}

/** What `text` means for an option; a sentence when it means nothing. */
export function readOption(
  name: string,
  spec: NumberOption | ChoiceOption,
  text: string,
): { readonly value: number | string } | { readonly problem: string } {
  if (spec.kind === 'choice') {
    if (spec.choices.includes(text)) return { value: text };
    return { problem: `--${name} takes one of ${spec.choices.join(', ')}, not '${text}'.` };
  }
  const value = text.trim() === '' ? Number.NaN : Number(text);
  const isRight = value >= spec.min && value <= spec.max && (!spec.isInteger || Number.isInteger(value));
  if (isRight) return { value };
  const what = spec.isInteger ? 'a whole number' : 'a number';
  return { problem: `--${name} takes ${what} from ${spec.min} to ${spec.max}, not '${text}'.` };
}
