import { expect, test } from 'vitest';
import { swarmCommand } from './command.ts';
import { KINDS, type SwarmRun } from './kinds.ts';
import { SWARM_BARS, type SwarmReport, swarmSection } from './report.ts';

function run(kind: string, nodes: number, mib: number, seed = 1): SwarmRun {
  const found = KINDS.get(kind);
  if (!found) throw new Error(`no kind ${kind}`);
  return found.run({ nodes, mib, seed });
}

/** What of a run does not keep a bar of its kind. Short runs are judged by the same bars as long ones. */
function missed(kind: string, { figures, violations }: SwarmRun): readonly string[] {
  const bars = SWARM_BARS.filter((bar) => bar.kind === kind);
  const broken = bars.filter(({ figure, atMost = Infinity, atLeast = -Infinity }) => {
    const value = figure.split('.').reduce<unknown>((part, name) => (part as Record<string, unknown>)[name], figures);
    return !((value as number) <= atMost && (value as number) >= atLeast);
  });
  return [...violations, ...broken.map(({ what }) => `${what}: ${JSON.stringify(figures)}`)];
}

test('a super-seed gives away hardly more than one copy', () => expect(missed('seed', run('seed', 10, 8))).toEqual([]));

test('a crowd is done close to the time that its lines allow', () =>
  expect(missed('completion', run('completion', 20, 32))).toEqual([]));

test('the end of a download takes no longer than its share, and hardly anything comes twice', () =>
  expect(missed('tail', run('tail', 10, 32))).toEqual([]));

test('a free-rider gets a quarter of what contributors get', () =>
  expect(missed('freeride', run('freeride', 30, 32))).toEqual([]));

test('when the seeds leave after one copy is out, everyone is done', () => {
  for (let seed = 1; seed <= 5; seed++) expect(missed('leave', run('leave', 6, 4, seed))).toEqual([]);
});

test('a poisoner in a swarm of version 2 costs each peer the one block that gives it away', () => {
  const poisoned = run('poison', 6, 4);
  expect(missed('poison', poisoned)).toEqual([]);
  expect(poisoned.figures).toMatchObject({ sentBlocks: 1, wastedBlocks: 1, bannedShare: 1, blamedInnocents: 0 });
});

test('poisoners that first send right blocks cost each peer no more than these and one more', () => {
  const betrayed = run('betrayal', 6, 8);
  expect(missed('betrayal', betrayed)).toEqual([]);
  expect(betrayed.figures).toMatchObject({ blamedInnocents: 0, done: 6 });
});

test('poisoners of which nobody gets hashes cost each peer one block, though seeds come long after them', () => {
  const withheld = run('refuse', 6, 8);
  expect(missed('refuse', withheld)).toEqual([]);
  expect(withheld.figures).toMatchObject({ mostLostBlocks: 1, blamedInnocents: 0, done: 18 });
});

test('a crowd that verifies each block is done close to the time that its lines allow', () =>
  expect(missed('verified', run('verified', 20, 32))).toEqual([]));

test('the same command gives the same run', () => expect(run('leave', 5, 2, 9)).toEqual(run('leave', 5, 2, 9)));

test('the command prints and keeps a report for each seed, and refuses what it does not know', () => {
  const printed: string[] = [];
  const complaints: string[] = [];
  const kept: SwarmReport[] = [];
  const surroundings = {
    print: (line: string) => printed.push(line),
    complain: (line: string) => complaints.push(line),
    keepSwarm: (report: SwarmReport) => kept.push(report),
  };
  const args = ['--kind', 'leave', '--nodes', '3', '--mib', '1'];
  expect(swarmCommand([...args, '--seeds', '2', '--json', '--keep'], surroundings)).toBe(0);
  expect(printed.map((line) => JSON.parse(line) as unknown)).toEqual(kept);
  expect(kept.map(({ seed }) => seed)).toEqual([1, 2]);
  for (const wrong of [[], ['--kind', 'none'], [...args, '--seed', '-1'], [...args, '--what']])
    expect(swarmCommand(wrong, surroundings)).toBe(1);
  expect(complaints).toHaveLength(4);
  expect(swarmSection(kept).join('\n')).toContain('not run');
  expect(swarmSection([])).toEqual([]);
});
