import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { at } from './test/at.ts';
import { Lab, type LabContent, type LabPeer, makeContent } from './test/lab.ts';
import type { FilePriority, TorrentCommand } from './types.ts';

const KIB = 1024;

/** Longest silence of a source that has what is wanted, at full speed: a tick of the torrent and what was on its way. [ms] */
const PATIENCE_MS = 2500;

const CONTENTS = (['v1', 'hybrid', 'v2'] as const).map((version) =>
  makeContent(80, [1400 * KIB, 5, 400 * KIB + 1, 1800 * KIB], 64 * KIB, version),
);

type Act =
  | { readonly kind: 'priorities'; readonly of: readonly FilePriority[] }
  | { readonly kind: 'pause' | 'resume'; readonly side: 'source' | 'taker' }
  | { readonly kind: 'limit'; readonly side: 'source' | 'taker'; readonly bytesPerSecond: number | undefined }
  | { readonly kind: 'order'; readonly isSequential: boolean }
  | { readonly kind: 'cut' };

const side = fc.constantFrom('source' as const, 'taker' as const);
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    kind: fc.constant('priorities' as const),
    of: fc.array(
      fc.constantFrom('skip' as const, 'skip' as const, 'low' as const, 'normal' as const, 'high' as const),
      {
        minLength: 4,
        maxLength: 4,
      },
    ),
  }),
  fc.record({ kind: fc.constantFrom('pause' as const, 'resume' as const, 'resume' as const), side }),
  fc.record({
    kind: fc.constant('limit' as const),
    side,
    bytesPerSecond: fc.constantFrom(undefined, 1000, 50_000, 1_000_000),
  }),
  fc.record({ kind: fc.constant('order' as const), isSequential: fc.boolean() }),
  fc.constant({ kind: 'cut' as const }),
);

/** What is done when: pauses in between of up to a rechoke and more. */
const script = fc.array(fc.tuple(fc.oneof(fc.constant(0), fc.nat(30), fc.nat(400), fc.nat(12_000)), act), {
  minLength: 1,
  maxLength: 14,
});

/** One source and one who takes from it, with the page around them that connects them while something is wanted. */
class Pair {
  readonly lab: Lab;
  readonly source: LabPeer;
  readonly taker: LabPeer;
  #limits = { source: 400_000 as number | undefined, taker: undefined as number | undefined };
  #heardAt = 0;
  #heardBytes = 0;

  constructor(content: LabContent, role: 'leecher' | 'magnet', seed: number) {
    this.lab = new Lab(seed);
    this.source = this.lab.add('source', { content, role: 'seed', uplink: 4000 });
    this.taker = this.lab.add('taker', { content, role, uplink: 4000 });
    this.do({ kind: 'limit', side: 'source', bytesPerSecond: 400_000 });
    this.#meet();
  }

  do(given: Act): void {
    if (given.kind === 'priorities') this.#tell(this.taker, { kind: 'setPriorities', priorities: given.of });
    else if (given.kind === 'order')
      this.#tell(this.taker, { kind: 'setSequential', isSequential: given.isSequential });
    else if (given.kind === 'cut') this.lab.cut(this.taker, this.source);
    else if (given.kind === 'limit') {
      this.#limits[given.side] = given.bytesPerSecond;
      this.#heardAt = this.lab.now;
      const [downBytesPerSecond, upBytesPerSecond] = [given.bytesPerSecond, given.bytesPerSecond];
      this.#tell(this[given.side], { kind: 'setLimits', downBytesPerSecond, upBytesPerSecond });
    } else this.#tell(this[given.side], { kind: 'setPaused', isPaused: given.kind === 'pause' });
  }

  /** Lets time pass, and complains when the taker waits for longer than it has to. */
  pass(ms: number): void {
    for (const until = this.lab.now + ms; this.lab.now < until;) {
      this.#meet();
      this.lab.run(Math.min(until, this.lab.now + 100));
      this.#watch();
    }
  }

  /** What holds now lasts until everything wanted is here. */
  finish(): void {
    for (let waited = 0; waited < 400 && !this.taker.torrent.snapshot().isFinished; waited++) this.pass(1000);
  }

  #watch(): void {
    const { now } = this.lab;
    const bytes = this.taker.keptBytes;
    if (bytes !== this.#heardBytes || !this.#isFlowing()) {
      this.#heardBytes = bytes;
      this.#heardAt = now;
      return;
    }
    const slowest = Math.min(this.#limits.source ?? Infinity, this.#limits.taker ?? Infinity);
    const patience = PATIENCE_MS + (1000 * 2 * BLOCK_BYTES) / slowest;
    expect(now - this.#heardAt, `silence since ${this.#heardAt} ms`).toBeLessThanOrEqual(patience);
  }

  #isFlowing(): boolean {
    const [taker, source] = [this.taker.torrent.snapshot(), this.source.torrent.snapshot()];
    return !taker.isPaused && !source.isPaused && !taker.isFinished && this.taker.links.size > 0;
  }

  #meet(): void {
    const { isFinished } = this.taker.torrent.snapshot();
    if (!isFinished && this.taker.links.size + this.source.links.size === 0) this.lab.connect(this.taker, this.source);
  }

  #tell(peer: LabPeer, command: TorrentCommand): void {
    this.lab.input(peer, { kind: 'command', command });
  }
}

for (const role of ['leecher', 'magnet'] as const) {
  test(`a ${role} is sent blocks by the one source as long as it wants some, whatever happens in between`, () => {
    fc.assert(
      fc.property(script, fc.nat(CONTENTS.length - 1), fc.nat(), (steps, version, seed) => {
        const pair = new Pair(at(CONTENTS, version), role, seed);
        for (const [pause, what] of steps) {
          pair.pass(pause);
          pair.do(what);
        }
        pair.pass(20_000);
        pair.do({ kind: 'resume', side: 'source' });
        pair.do({ kind: 'resume', side: 'taker' });
        pair.do({ kind: 'limit', side: 'source', bytesPerSecond: undefined });
        pair.do({ kind: 'limit', side: 'taker', bytesPerSecond: undefined });
        pair.do({ kind: 'priorities', of: [] });
        pair.finish();
        expect(pair.taker.hasIdenticalBytes).toBe(true);
        // The two part only where the taker has all that it wants.
        expect(pair.taker.closed.filter(({ why }) => why !== 'useless')).toEqual([]);
      }),
      { numRuns: 20 },
    );
  }, 120_000);
}
