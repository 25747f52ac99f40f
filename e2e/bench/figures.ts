/** One measured thing. */
export interface Figure {
  readonly what: string;
  readonly unit: string;
  /** Every run, in the order in which it was made. */
  readonly runs: readonly number[];
  /** What the project promises, where it does. */
  readonly bar?: { readonly is: 'at least' | 'at most' | 'under'; readonly value: number };
}

/** The middle of the values; of an even number the mean of the two in the middle. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Whether a figure keeps its promise; undefined where there is none. */
export function holds(figure: Figure): boolean | undefined {
  if (!figure.bar) return undefined;
  const value = median(figure.runs);
  switch (figure.bar.is) {
    case 'at least':
      return value >= figure.bar.value;
    case 'at most':
      return value <= figure.bar.value;
    case 'under':
      return value < figure.bar.value;
  }
}

function format(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** The figures as an aligned table of Markdown, medians first. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.what,
    `${format(median(figure.runs))} ${figure.unit}`.trim(),
    figure.runs.length > 1 ? figure.runs.map(format).join(' ') : '',
    figure.bar ? `${figure.bar.is} ${figure.bar.value}` : '',
    { true: 'yes', false: 'NO', undefined: '' }[String(holds(figure)) as 'true' | 'false' | 'undefined'],
  ]);
  const lines = [['what', 'median', 'runs', 'bar', 'kept'], ...rows];
  const widths = lines[0]?.map((_, column) => Math.max(3, ...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  const draw = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = lines;
  return [draw(head), draw(widths.map((width) => '-'.repeat(width))), ...body.map(draw)].join('\n');
}
