import { expect, test } from 'vitest';
import { type NodeId, hashToId } from '../../../shared/src/ids.ts';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { HASH_TIMEOUT_MS, INITIAL_PIPELINE, UNPROVEN_PATIENCE_MS } from '../../../shared/src/limits/swarm.ts';
import { at } from './test/at.ts';
import { Lab, type LabPeerOptions, makeContent } from './test/lab.ts';
import { flawsOf } from './test/outcome.ts';
import { Trial, other } from './test/trial.ts';
import type { TorrentOutput } from './types.ts';
import { HASH_RANGE_BYTES, MESSAGE, type WireRequest } from './wire.ts';

test('in version 2 alone a peer that does not speak of hashes is asked for a second block when nobody else came long', () => {
  const trial = new Trial('v2');
  const { requests } = trial.come(undefined, false);
  expect(requests).toHaveLength(1);
  expect(trial.asks(trial.sendBlock(at(requests, 0))).requests).toEqual([]);
  trial.bench.now = UNPROVEN_PATIENCE_MS;
  expect(trial.asks(trial.look()).requests).toHaveLength(1);
});

test('hashes are asked of a peer that has the piece when its block is wanted of one that does not speak of them', () => {
  const trial = new Trial();
  trial.come(other, true, false);
  const out = trial.arrive(trial.bench.peer, false);
  expect([trial.asks(out).requests.length, trial.asks(out, other).hashes.length]).toEqual([1, 1]);
});

test('a peer that refuses hashes is asked for one block, and another that has the piece for the hashes', () => {
  for (const version of ['v2', 'hybrid'] as const) {
    const trial = new Trial(version);
    const { requests, hashes } = trial.come();
    trial.refuse(at(hashes, 0));
    trial.sendBlock(at(requests, 0));
    trial.bench.now = HASH_TIMEOUT_MS - 1;
    expect(trial.asks(trial.look()).requests).toEqual([]);
    expect(trial.come(other, true, false).hashes).toEqual([]);
    expect(trial.asks(trial.look(), other).hashes).toHaveLength(1);
  }
});

test('where nobody gives hashes for long it is asked for one block at a time until the piece is whole', () => {
  const trial = new Trial();
  let next = trial.refuseHashes(trial.come());
  trial.bench.now = UNPROVEN_PATIENCE_MS;
  for (let i = 0; i < 16; i++) {
    expect(next).toHaveLength(1);
    next = trial.refuseHashes(trial.asks(trial.sendBlock(at(next, 0))));
  }
});

test('a peer whose link breaks still owes what nobody judged, and what is judged meanwhile counts', () => {
  const trial = new Trial();
  const { requests, hashes } = trial.come();
  trial.refuse(at(hashes, 0));
  trial.sendBlock(at(requests, 0));
  trial.leave();
  expect(trial.come().requests).toEqual([]);
  trial.leave();
  const asked = trial.come(other).hashes;
  trial.sendLeaves(at(asked, 0), other);
  trial.isRight(at(requests, 0));
  expect(trial.come().requests).toHaveLength(2);
});

test('a peer that refused hashes while it choked is asked for them again when it unchokes', () => {
  const trial = new Trial();
  const { requests, hashes } = trial.come();
  trial.refuse(at(hashes, 0));
  trial.come(other, true, false);
  const asked = trial.asks(trial.sendBlock(at(requests, 0)), other).hashes;
  trial.refuse(at(asked, 0), other);
  const out = trial.receive((writer) => writer.unchoke(), other);
  expect(trial.asks(out, other).hashes).toEqual(asked);
});

test('hashes of what a peer sent are asked of others while it chokes, too, but not by a paused torrent', () => {
  for (const isPaused of [false, true]) {
    const trial = new Trial();
    const { requests, hashes } = trial.come();
    trial.refuse(at(hashes, 0));
    trial.sendBlock(at(requests, 0));
    trial.receive((writer) => writer.choke());
    trial.come(other, true, false);
    trial.bench.input({ kind: 'command', command: { kind: 'setPaused', isPaused } });
    trial.bench.now = 1000;
    expect(trial.asks(trial.bench.input({ kind: 'deadline' }), other).hashes).toHaveLength(isPaused ? 0 : 1);
  }
});

test('when a peer refuses hashes that a silent one was asked for before, that one is asked again only for want of another', () => {
  const third = hashToId(Uint8Array.of(10));
  for (const hasThird of [true, false]) {
    const trial = new Trial();
    trial.come(other);
    trial.bench.now = 20;
    const { requests } = trial.come();
    trial.bench.now = 40;
    const { hashes } = trial.asks(trial.sendBlock(at(requests, 0)));
    if (hasThird) trial.come(third, true, false);
    const out = trial.refuse(at(hashes, 0));
    const asked = [other, third].map((peer) => trial.asks(out, peer).hashes.length);
    expect(asked).toEqual(hasThird ? [0, 1] : [1, 0]);
  }
});

test('a hybrid whose piece layers are not known is fetched from who refuses hashes without a wait', () => {
  const trial = new Trial('hybrid', false);
  const [request, ...more] = trial.refuseHashes(trial.come());
  expect(more).toEqual([]);
  expect(trial.refuseHashes(trial.asks(trial.sendBlock(request as WireRequest)))).toHaveLength(1);
});

test('who waits for hashes that are refused does not wait until the next second for them to be asked of another', () => {
  const trial = new Trial();
  const third = hashToId(Uint8Array.of(10));
  trial.come(third, true, false);
  const { hashes } = trial.come(other);
  trial.sendBlock(at(trial.come(undefined, false).requests, 0));
  expect(trial.asks(trial.refuse(at(hashes, 0), other), third).hashes).toHaveLength(1);
});

test('when a piece of which nobody had the hashes is stored, all blocks of it count as right', () => {
  const trial = new Trial();
  const queue = trial.refuseHashes(trial.come());
  trial.bench.now = UNPROVEN_PATIENCE_MS;
  let stored: TorrentOutput[] = [];
  for (let request = queue.shift(); request && stored.length === 0; request = queue.shift()) {
    const out = trial.sendBlock(request);
    queue.push(...trial.refuseHashes(trial.asks(out)));
    stored = trial.store(out);
  }
  // It was asked for one already.
  expect(trial.refuseHashes(trial.asks(stored))).toHaveLength(16);
  trial.leave();
  expect(trial.come().requests).toHaveLength(INITIAL_PIPELINE);
});

test('a peer whose block came first is asked for hashes that a silent one owes', () => {
  const trial = new Trial();
  trial.come(other);
  trial.bench.now = 20;
  const { requests, hashes } = trial.come();
  expect(hashes).toEqual([]);
  trial.bench.now = 40;
  const asked = trial.asks(trial.sendBlock(at(requests, 0)));
  expect([asked.requests.length, asked.hashes.length]).toEqual([0, 1]);
  trial.sendLeaves(at(asked.hashes, 0));
  expect(trial.asks(trial.isRight(at(requests, 0))).requests).toHaveLength(2);
});

test('two peers do not take the asking for hashes from each other again and again', () => {
  const trial = new Trial();
  const late = at(trial.come(other).requests, 0);
  trial.bench.now = 20;
  const { requests } = trial.come();
  trial.bench.now = 40;
  trial.sendBlock(at(requests, 0));
  trial.bench.now = 60;
  expect(trial.asks(trial.sendBlock(late, other), other)).toEqual({ requests: [], hashes: [] });
});

test('a peer that never answers for hashes is waited for once, and asked for one block at a time from then on', () => {
  const trial = new Trial();
  const { requests } = trial.come();
  trial.sendBlock(at(requests, 0));
  trial.bench.now = UNPROVEN_PATIENCE_MS - 1;
  expect(trial.asks(trial.look()).requests).toEqual([]);
  trial.bench.now = UNPROVEN_PATIENCE_MS;
  let { requests: next } = trial.asks(trial.look());
  for (let i = 0; i < 40; i++) {
    expect(next).toHaveLength(1);
    trial.bench.now += 100;
    next = trial.asks(trial.sendBlock(at(next, 0))).requests;
  }
});

test('what a peer gave while nobody had the hashes counts when somebody comes who has them', () => {
  const trial = new Trial();
  const sent = trial.refuseHashes(trial.come());
  trial.bench.now = UNPROVEN_PATIENCE_MS;
  for (let i = 0; i < 3; i++) sent.push(at(trial.refuseHashes(trial.asks(trial.sendBlock(at(sent, i)))), 0));
  const asked = trial.come(other).hashes;
  expect(asked).toHaveLength(1);
  trial.sendLeaves(at(asked, 0), other);
  const out = sent.slice(0, 3).flatMap((request) => trial.isRight(request));
  expect(trial.asks(out).requests).toHaveLength(3);
});

test('hashes that a silent peer owes are asked of another, and who was silent once is not waited for again', () => {
  const trial = new Trial();
  trial.come(other, true, false);
  const { requests } = trial.come();
  trial.sendBlock(at(requests, 0));
  trial.bench.now = HASH_TIMEOUT_MS;
  const out = trial.look();
  expect([trial.asks(out).requests.length, trial.asks(out, other).hashes.length]).toEqual([0, 1]);
  // The other is silent, too: nobody is left.
  trial.bench.now = 2 * HASH_TIMEOUT_MS;
  let { requests: next } = trial.asks(trial.look());
  for (let i = 0; i < 40; i++) {
    expect(next).toHaveLength(1);
    next = trial.asks(trial.sendBlock(at(next, 0))).requests;
  }
});

/** A piece that is whole before the hashes of its blocks are here: the last block is the peer's, the rest the other's. */
function wholeBeforeLeaves(): { trial: Trial; out: TorrentOutput[] } {
  const trial = new Trial();
  const first = trial.come(other);
  trial.sendLeaves(at(first.hashes, 0), other);
  const queue = [...first.requests];
  // It gives most of a piece first, so that it may owe most of another one. The hashes of that one it does not give.
  for (let i = 0; i < 15; i++) {
    trial.sendBlock(at(queue, i), other);
    queue.push(...trial.asks(trial.isRight(at(queue, i), other), other).requests);
  }
  trial.bench.now = 20;
  const { piece, begin } = at(trial.come().requests, 0);
  trial.bench.now = 40;
  for (const request of queue) if (request.piece === piece) trial.sendBlock(request, other);
  const out = trial.sendBlock({ kind: 'request', piece, begin, length: BLOCK_BYTES });
  return { trial, out };
}

const finished = (out: readonly TorrentOutput[]): boolean[] =>
  out.flatMap((output) =>
    output.kind === 'run' && output.run.kind === 'finishPiece' ? [output.run.leaves !== undefined] : [],
  );

test('a piece with a block of a peer on trial waits for the hashes of its blocks that are on their way', () => {
  const { trial, out } = wholeBeforeLeaves();
  expect(finished(out)).toEqual([]);
  expect(finished(trial.sendLeaves(at(trial.asks(out).hashes, 0)))).toEqual([true]);
});

test('when these hashes are refused they are asked of another, and when nobody gives them it is checked as a whole', () => {
  const { trial, out } = wholeBeforeLeaves();
  const refused = trial.refuse(at(trial.asks(out).hashes, 0));
  expect(finished(refused)).toEqual([]);
  expect(finished(trial.refuse(at(trial.asks(refused, other).hashes, 0), other))).toEqual([false]);
});

test('so it is when who owes them is gone', () => {
  const { trial } = wholeBeforeLeaves();
  const down = (peer: NodeId): TorrentOutput[] => trial.bench.input({ kind: 'linkDown', peer });
  expect(finished(down(trial.bench.peer))).toEqual([]);
  expect(finished(down(other))).toEqual([false]);
});

const isHashes = (bytes: Uint8Array): boolean => bytes[4] === MESSAGE.hashes;
const silent = (bytes: Uint8Array): Uint8Array => (isHashes(bytes) ? bytes.subarray(0, 0) : bytes);
const refusing = (bytes: Uint8Array): Uint8Array => {
  if (!isHashes(bytes)) return bytes;
  const range = bytes.slice(0, 5 + HASH_RANGE_BYTES);
  range.set([0, 0, 0, range.length - 4, MESSAGE.hashReject]);
  return range;
};

test('a swarm in which one peer refuses hashes and another is silent about them is fetched all the same', () => {
  const content = makeContent(7, [3000 * 1024], 256 * 1024, 'v2');
  const lab = new Lab(7);
  lab.add('refusing', { content, role: 'seed', tamper: refusing });
  lab.add('silent', { content, role: 'seed', tamper: silent });
  const leecher = lab.add('leecher', { content, role: 'leecher' });
  lab.connectAll();
  lab.run(2 * HASH_TIMEOUT_MS, () => leecher.isComplete);
  expect(flawsOf([leecher])).toEqual([]);
  expect(leecher.banned).toEqual([]);
});

/** When the download of one file is done from one seed like that, in pieces of 64 blocks. [ms] */
function timeFrom(seed: Partial<LabPeerOptions>, version: 'v1' | 'v2' | 'hybrid', seconds = 60): number {
  const content = makeContent(7, [8 * 1024 * 1024], 1024 * 1024, version);
  const lab = new Lab(7);
  lab.add('the seed', { content, role: 'seed', ...seed });
  const leecher = lab.add('leecher', { content, role: 'leecher' });
  lab.connectAll();
  lab.run(1000 * seconds, () => leecher.isComplete);
  expect(flawsOf([leecher])).toEqual([]);
  return leecher.completedAt ?? Infinity;
}

test('a download whose only seed refuses hashes, or never answers, waits for others once and ends', () => {
  const fair = timeFrom({}, 'v2');
  // The first piece comes block by block.
  const slow = fair + 64 * 50;
  for (const version of ['v2', 'hybrid'] as const)
    for (const tamper of [refusing, silent]) {
      const took = timeFrom({ tamper }, version);
      expect(took).toBeGreaterThan(UNPROVEN_PATIENCE_MS);
      expect(took).toBeLessThan(UNPROVEN_PATIENCE_MS + slow);
    }
});
