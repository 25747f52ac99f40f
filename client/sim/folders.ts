import { fileURLToPath } from 'node:url';

const source = (name: string): string => fileURLToPath(new URL(`../../../client/sim/${name}`, import.meta.url));

/** Where the compiled simulator finds the files that stand beside its sources. */
export const SOURCES = {
  report: source('REPORT.md'),
  results: source('results'),
  plots: source('plots'),
  swarmResults: source('results/swarm/runs.jsonl'),
} as const;
