import { expect, test } from 'vitest';
import { type NodeId, hashToId, nodeIdToBytes } from '../../../shared/src/ids.ts';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import {
  HASH_TIMEOUT_MS,
  INITIAL_PIPELINE,
  MAX_PIPELINE,
  MAX_TRIED,
  UNPROVEN_PATIENCE_MS,
} from '../../../shared/src/limits/swarm.ts';
import { leafHashes } from './merkle.ts';
import { at } from './test/at.ts';
import { Bench } from './test/bench.ts';
import { Lab, type LabPeerOptions, makeContent } from './test/lab.ts';
import { flawsOf, flip } from './test/outcome.ts';
import { Trials } from './trials.ts';
import type { FilePriority, TorrentOutput } from './types.ts';
import { WireDecoder } from './wire-decoder.ts';
import {
  type FileHashRange,
  MESSAGE,
  V2_BIT,
  type WireHashRange,
  type WireMessage,
  type WireRequest,
  WireWriter,
} from './wire.ts';

const PIECE_LENGTH = 16 * BLOCK_BYTES;
const LENGTHS = [40 * PIECE_LENGTH];
const EMPTY_RANGE: FileHashRange = {
  piecesRoot: new Uint8Array(32),
  baseLayer: 0,
  index: 0,
  length: 0,
  proofLayers: 0,
};
const other = hashToId(Uint8Array.of(9));

/** What one peer is asked for. */
interface Asks {
  readonly requests: readonly WireRequest[];
  readonly hashes: readonly WireHashRange[];
}

/** A leecher and peers that have everything. */
class Trial {
  readonly bench: Bench;

  constructor(version: 'v1' | 'v2' | 'hybrid' = 'v2', hasLayers = true) {
    const content = makeContent(5, LENGTHS, PIECE_LENGTH, version);
    const metainfo = hasLayers ? content.metainfo : { ...content.metainfo, pieceLayers: undefined };
    this.bench = new Bench('leecher', { ...content, metainfo });
  }

  /** The peer comes, and unchokes if it does. Without the bit of BEP 52 when it does not speak of hashes. */
  come(peer = this.bench.peer, hasV2 = true, isUnchoking = true): Asks {
    return this.asks(this.arrive(peer, hasV2, isUnchoking), peer);
  }

  arrive(peer: NodeId, hasV2 = true, isUnchoking = true): TorrentOutput[] {
    this.bench.input({ kind: 'linkUp', peer, isOutbound: false });
    const greeting = new WireWriter().handshake(this.bench.torrent.infoHashBytes, nodeIdToBytes(peer)).take();
    const place = 20 + V2_BIT.byte;
    if (!hasV2) greeting[place] = at([...greeting], place) & ~V2_BIT.mask;
    const rest = new WireWriter().haveAll();
    const bytes = [greeting, (isUnchoking ? rest.unchoke() : rest).take()];
    return bytes.flatMap((each) => this.bench.input({ kind: 'received', from: peer, bytes: each }));
  }

  receive(write: (writer: WireWriter) => WireWriter, from = this.bench.peer): TorrentOutput[] {
    return this.bench.input({ kind: 'received', from, bytes: write(new WireWriter()).take() });
  }

  sendBlock({ piece, begin, length }: WireRequest, from = this.bench.peer): TorrentOutput[] {
    const start = piece * PIECE_LENGTH + begin;
    return this.receive(
      (writer) => writer.piece(piece, begin, this.bench.content.bytes.subarray(start, start + length)),
      from,
    );
  }

  sendLeaves(range: WireHashRange, from = this.bench.peer): TorrentOutput[] {
    const start = (range.index / 16) * PIECE_LENGTH;
    const leaves = leafHashes(this.bench.content.bytes.subarray(start, start + PIECE_LENGTH));
    return this.receive((writer) => writer.hashes(range, leaves), from);
  }

  /** The peer gives the hashes that it is asked for. Returns the blocks that it is asked for, before and then. */
  giveHashes({ requests, hashes }: Asks): WireRequest[] {
    return [...requests, ...hashes.flatMap((range) => this.giveHashes(this.asks(this.sendLeaves(range))))];
  }

  /** The peer refuses the hashes that it is asked for. Returns the blocks that it is asked for, before and then. */
  refuseHashes({ requests, hashes }: Asks): WireRequest[] {
    return [...requests, ...hashes.flatMap((range) => this.refuseHashes(this.asks(this.refuse(range))))];
  }

  leave(peer = this.bench.peer): void {
    this.bench.input({ kind: 'linkDown', peer });
  }

  look(from = this.bench.peer): TorrentOutput[] {
    return this.receive((writer) => writer.keepAlive(), from);
  }

  isRight({ piece, begin }: WireRequest, from = this.bench.peer): TorrentOutput[] {
    return this.bench.input({ kind: 'blockGood', piece, begin, from });
  }

  /** Pieces that are to be stored by these outputs are. */
  store(out: readonly TorrentOutput[]): TorrentOutput[] {
    return out.flatMap((output) => {
      if (output.kind !== 'run' || output.run.kind !== 'finishPiece') return [];
      return this.bench.input({ kind: 'effectDone', effect: output.run.effect, result: { kind: 'stored' } });
    });
  }

  refuse({ kind: _, ...range }: WireHashRange, from = this.bench.peer): TorrentOutput[] {
    return this.receive((writer) => writer.hashReject(range), from);
  }

  /** What `peer` is asked for by these outputs. */
  asks(out: readonly TorrentOutput[], peer = this.bench.peer): Asks {
    const messages: WireMessage[] = [];
    const decoder = new WireDecoder();
    decoder.push(new WireWriter().handshake(this.bench.torrent.infoHashBytes, nodeIdToBytes(peer)).take(), []);
    for (const output of out) if (output.kind === 'send' && output.to === peer) decoder.push(output.bytes, messages);
    return {
      requests: messages.flatMap((message) => (message.kind === 'request' ? [message] : [])),
      hashes: messages.flatMap((message) => (message.kind === 'hashRequest' ? [message] : [])),
    };
  }
}

const isTold = (out: readonly TorrentOutput[]): boolean[] =>
  out.flatMap((output) => (output.kind === 'run' && output.run.kind === 'keepBlock' ? [output.run.isTrial] : []));

test('a peer is asked for one block and the hashes of its piece, and owes one more with each that was found right', () => {
  const trial = new Trial();
  const { requests, hashes } = trial.come();
  expect([requests.length, hashes.length]).toEqual([1, 1]);
  expect(trial.asks(trial.sendLeaves(at(hashes, 0))).requests).toEqual([]);
  const owed = [...requests];
  for (let right = 1; right <= 24; right++) {
    const request = owed.shift() as WireRequest;
    const kept = trial.sendBlock(request);
    expect(isTold(kept)).toEqual([true]);
    expect(trial.asks(kept).requests).toEqual([]);
    owed.push(...trial.giveHashes(trial.asks(trial.isRight(request))));
    expect(owed).toHaveLength(right + 1);
  }
});

test('a peer that gave as many right blocks as a pipeline takes is told of no more', () => {
  const trial = new Trial();
  const { requests, hashes } = trial.come();
  const queue = trial.giveHashes({ requests, hashes });
  for (let right = 1; right < MAX_PIPELINE; right++) {
    const request = queue.shift() as WireRequest;
    const kept = trial.sendBlock(request);
    expect(isTold(kept)).toEqual([true]);
    queue.push(...trial.giveHashes(trial.asks([...kept, ...trial.isRight(request), ...trial.store(kept)])));
  }
  expect(isTold(trial.sendBlock(at(queue, 0)))).toEqual([false]);
});

test('a verdict on a block that the peer did not send, or a second one, counts for nothing', () => {
  const trial = new Trial();
  const { requests, hashes } = trial.come();
  const request = at(requests, 0);
  trial.sendLeaves(at(hashes, 0));
  expect(trial.asks(trial.isRight(request)).requests).toEqual([]);
  trial.sendBlock(request);
  expect(trial.asks(trial.isRight(request)).requests).toHaveLength(2);
  expect(trial.asks(trial.isRight(request)).requests).toEqual([]);
});

test('a block that comes before the hashes of its piece is judged when these come, and nothing is asked until then', () => {
  const trial = new Trial();
  const { requests, hashes } = trial.come();
  expect(trial.asks(trial.sendBlock(at(requests, 0)))).toEqual({ requests: [], hashes: [] });
  const out = trial.sendLeaves(at(hashes, 0));
  expect(out.map((output) => output.kind === 'run' && output.run.kind)).toEqual(['checkBlocks']);
  expect(trial.asks(trial.isRight(at(requests, 0))).requests).toHaveLength(2);
});

test('each of several peers is tried by a block of its own', () => {
  const trial = new Trial();
  const first = at(trial.come().requests, 0);
  const second = trial.come(other).requests;
  expect(second).toHaveLength(1);
  expect(second).not.toEqual([first]);
  trial.sendBlock(first);
  expect(trial.asks(trial.isRight(first), other).requests).toEqual([]);
});

test('where only whole pieces have hashes a peer is asked for all that a pipeline takes at first', () => {
  expect(new Trial('v1').come().requests).toHaveLength(INITIAL_PIPELINE);
});

test('so it is in a hybrid when the peer does not speak of hashes and nobody else could give them', () => {
  expect(new Trial('hybrid').come(undefined, false).requests).toHaveLength(INITIAL_PIPELINE);
  const trial = new Trial('hybrid');
  trial.come(other);
  expect(trial.come(undefined, false).requests).toHaveLength(1);
});

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

test('what a peer gave counts when it comes back', () => {
  const trial = new Trial();
  const { requests, hashes } = trial.come();
  trial.sendLeaves(at(hashes, 0));
  trial.sendBlock(at(requests, 0));
  trial.isRight(at(requests, 0));
  trial.leave();
  expect(trial.come().requests).toHaveLength(2);
});

test('one whose trial a broken link cut short is asked for hashes and one block again', () => {
  const trial = new Trial();
  trial.come();
  trial.leave();
  const { requests, hashes } = trial.come();
  expect([requests.length, hashes.length]).toEqual([1, 1]);
});

test('a peer that refuses its block is asked for another one', () => {
  const trial = new Trial();
  const { requests, hashes } = trial.come();
  trial.sendLeaves(at(hashes, 0));
  const { piece, begin, length } = at(requests, 0);
  const out = trial.receive((writer) => writer.reject(piece, begin, length));
  expect(trial.asks(out).requests).toHaveLength(1);
});

test('a peer whose piece is given up meanwhile is asked for another block', () => {
  const trial = new Trial();
  trial.come();
  const steer = (priority: FilePriority): TorrentOutput[] =>
    trial.bench.input({ kind: 'command', command: { kind: 'setPriorities', priorities: [priority] } });
  expect(trial.asks([...steer('skip'), ...steer('normal')]).requests).toHaveLength(1);
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

test('a peer that lies is sent away with its first block, and no other block was on its way', () => {
  const content = makeContent(6, [3000 * 1024], 64 * 1024, 'hybrid');
  const lab = new Lab(6);
  lab.add('the seed', { content, role: 'seed', uplink: 500 });
  const liar = lab.add('liar', { content, role: 'seed', uplink: 20_000, corrupt: flip });
  const leechers = ['a', 'b', 'c'].map((name) => lab.add(name, { content, role: 'leecher', uplink: 500 }));
  lab.connectAll();
  lab.run(300_000, () => leechers.every((peer) => peer.isComplete));
  expect(flawsOf(leechers)).toEqual([]);
  expect(leechers.map((peer) => peer.sources.get(liar.id))).toEqual([BLOCK_BYTES, BLOCK_BYTES, BLOCK_BYTES]);
});

const isHashes = (bytes: Uint8Array): boolean => bytes[4] === MESSAGE.hashes;
const silent = (bytes: Uint8Array): Uint8Array => (isHashes(bytes) ? bytes.subarray(0, 0) : bytes);
const refusing = (bytes: Uint8Array): Uint8Array => {
  if (!isHashes(bytes)) return bytes;
  const range = bytes.subarray(0, new WireWriter().hashReject(EMPTY_RANGE).take().length).slice();
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

test('of many that gave right blocks the one whose last is oldest is forgotten', () => {
  // What peers gave is remembered without a look at hashes, blocks or links.
  const trials = new Trials(undefined as never, undefined as never, new Map());
  const [old, steady, ...others] = Array.from({ length: MAX_TRIED + 1 }, (_, i) => hashToId(Uint8Array.of(i >> 8, i)));
  for (const peer of [old, steady, ...others.slice(1)]) trials.credit(peer as typeof other, MAX_PIPELINE);
  // Its blocks are not counted any more.
  trials.credit(old as typeof other, 0);
  trials.credit(others[0] as typeof other, MAX_PIPELINE);
  expect([old, steady, ...others].map((peer) => trials.isOn(peer as typeof other)).lastIndexOf(true)).toBe(1);
  expect(trials.isOn(old as typeof other)).toBe(false);
});
