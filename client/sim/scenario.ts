import type { OptionSpecs, OptionValues } from './options.ts';
import type { Measured } from './report.ts';
import type { World, WorldOptions } from './world.ts';

/** What every scenario is told. */
export interface CommonOptions {
  readonly nodes: number;
  readonly seed: number;
  readonly lookups: number;
}

/** A run as the command line sets it. */
export interface Settings extends CommonOptions {
  /** Values of the scenario's own options, checked against their specs. */
  readonly own: Readonly<Record<string, number | string>>;
  readonly world: Omit<WorldOptions, 'seed'>;
  /** Whether the run tells on the way how far it is. */
  readonly isTold?: boolean;
}

/** A named way to run a world and measure it. */
export interface Scenario {
  /** As on the command line. */
  readonly name: string;
  /** One line of the usage text. */
  readonly about: string;
  /** Its own options; other scenarios reject them. */
  readonly options: OptionSpecs;
  /** Where its defaults differ from those of all. */
  readonly defaults?: { readonly nodes?: number; readonly lookups?: number; readonly links?: number };
  worldOf(settings: Settings): Settings['world'];
  run(world: World, settings: Settings): Measured;
}

/** A scenario before its options lose their types. */
export interface ScenarioSpec<Specs extends OptionSpecs> extends Pick<Scenario, 'name' | 'about' | 'defaults'> {
  readonly options: Specs;
  /** What this scenario changes in the world that the command line describes. */
  readonly world?: (options: CommonOptions & OptionValues<Specs>) => Partial<Settings['world']>;
  readonly run: (world: World, options: CommonOptions & OptionValues<Specs>) => Measured;
}

/** Makes a scenario whose `run` gets its own options typed. Put it into `scenarios/index.ts` and it has its command. */
export function defineScenario<const Specs extends OptionSpecs>(spec: ScenarioSpec<Specs>): Scenario {
  const { world: changes, run, ...rest } = spec;
  const options = ({ nodes, seed, lookups, own }: Settings): CommonOptions & OptionValues<Specs> => ({
    nodes,
    seed,
    lookups,
    // The command line read every value by the spec of its name.
    ...(own as OptionValues<Specs>),
  });
  return {
    ...rest,
    worldOf: (settings) => ({ ...settings.world, ...changes?.(options(settings)) }),
    run: (world, settings) => run(world, options(settings)),
  };
}
