import fc from 'fast-check';
import { expect, test } from 'vitest';
import { at } from './test/at.ts';
import { Lab, type LabContent, type LabPeer, makeContent } from './test/lab.ts';
import type { TorrentCommand } from './types.ts';

const KIB = 1024;
const PEERS = 8;

/** Longest time in which nobody gets a piece: until a snubbed peer is given up. [ms] */
const PATIENCE_MS = 20_000;

const CONTENTS = (['v1', 'hybrid', 'v2'] as const).map((version) =>
  makeContent(81, [300 * KIB, 5, 200 * KIB + 1, 500 * KIB], 64 * KIB, version),
);

const who = fc.nat(PEERS - 1);
const priorities = fc.array(fc.constantFrom('skip' as const, 'normal' as const, 'high' as const), {
  minLength: 4,
  maxLength: 4,
});
const act = fc.oneof(
  fc.record({ kind: fc.constant('setPriorities' as const), who, priorities }),
  fc.record({ kind: fc.constant('setPaused' as const), who, isPaused: fc.boolean() }),
  fc.record({ kind: fc.constant('cut' as const), who, other: who }),
);
const script = fc.array(fc.tuple(fc.oneof(fc.constant(0), fc.nat(30), fc.nat(3000)), act), {
  minLength: 1,
  maxLength: 25,
});

/** A seed, others of which some lie, leechers and a magnet link, all with each other as long as they are of use. */
class Crowd {
  readonly lab: Lab;
  readonly peers: readonly LabPeer[];

  constructor(content: LabContent, liars: number, seed: number) {
    this.lab = new Lab(seed);
    let blocks = 0;
    const corrupt = (_piece: number, _begin: number, block: Uint8Array): Uint8Array =>
      ++blocks % 7 === 0 ? block.map((byte) => byte ^ 1) : block;
    this.peers = Array.from({ length: PEERS }, (_, i) => {
      const isLiar = i > 0 && i <= liars;
      const role = i === 0 || isLiar ? 'seed' : i === PEERS - 1 ? 'magnet' : 'leecher';
      return this.lab.add(`peer ${i}`, { content, role, uplink: 300, ...(isLiar ? { corrupt } : {}) });
    });
  }

  get isDone(): boolean {
    return this.peers.every((peer) => peer.torrent.snapshot().isFinished);
  }

  get doneBytes(): number {
    return this.peers.reduce((sum, peer) => sum + peer.torrent.snapshot().doneBytes, 0);
  }

  pass(ms: number): void {
    for (const until = this.lab.now + ms; this.lab.now < until;) {
      this.#meet();
      this.lab.run(Math.min(until, this.lab.now + 500));
    }
  }

  tell(peer: LabPeer, command: TorrentCommand): void {
    this.lab.input(peer, { kind: 'command', command });
  }

  #meet(): void {
    this.peers.forEach((a, index) => {
      for (const b of this.peers.slice(index + 1)) {
        const isPossible = !a.banned.includes(b.id) && !b.banned.includes(a.id);
        const isOfUse = !a.torrent.snapshot().isFinished || !b.torrent.snapshot().isFinished;
        if (isPossible && isOfUse && !a.links.has(b.id) && !b.links.has(a.id)) this.lab.connect(a, b);
      }
    });
  }
}

test('a swarm whose peers pause, skip, lie and lose links is never silent for long, and all of it finishes', () => {
  fc.assert(
    fc.property(
      script,
      fc.nat(CONTENTS.length - 1),
      fc.nat(),
      fc.integer({ min: 0, max: 2 }),
      (steps, version, seed, liars) => {
        const crowd = new Crowd(at(CONTENTS, version), liars, seed);
        for (const [pause, what] of steps) {
          crowd.pass(pause);
          const peer = at(crowd.peers, what.who);
          if (what.kind === 'cut') crowd.lab.cut(peer, at(crowd.peers, what.other));
          else crowd.tell(peer, what);
        }
        for (const peer of crowd.peers) {
          crowd.tell(peer, { kind: 'setPaused', isPaused: false });
          crowd.tell(peer, { kind: 'setPriorities', priorities: [] });
        }
        while (!crowd.isDone) {
          const before = crowd.doneBytes;
          for (let ms = 0; ms < PATIENCE_MS && crowd.doneBytes === before && !crowd.isDone; ms += 1000)
            crowd.pass(1000);
          expect(crowd.doneBytes).toBeGreaterThan(before);
        }
        const reasons = crowd.peers.flatMap(({ closed }) => closed.map(({ why }) => why));
        expect(reasons.filter((why) => why !== 'useless' && why !== 'banned')).toEqual([]);
      },
    ),
    { numRuns: 12 },
  );
}, 120_000);
