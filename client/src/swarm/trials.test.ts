import { expect, test } from 'vitest';
import { hashToId, nodeIdToBytes } from '../../../shared/src/ids.ts';
import { BLOCK_BYTES, HASH_TIMEOUT_MS, INITIAL_PIPELINE, MAX_TRIED } from '../../../shared/src/limits/swarm.ts';
import { leafHashes } from './merkle.ts';
import { at } from './test/at.ts';
import { Bench } from './test/bench.ts';
import { Lab, makeContent } from './test/lab.ts';
import { flawsOf, flip } from './test/outcome.ts';
import { Trials } from './trials.ts';
import type { FilePriority, TorrentOutput } from './types.ts';
import { WireDecoder } from './wire-decoder.ts';
import { V2_BIT, type WireHashRange, type WireMessage, type WireRequest, WireWriter } from './wire.ts';

const PIECE_LENGTH = 16 * BLOCK_BYTES;
const LENGTHS = [40 * PIECE_LENGTH];
const other = hashToId(Uint8Array.of(9));

/** What one peer is asked for. */
interface Asks {
  readonly requests: readonly WireRequest[];
  readonly hashes: readonly WireHashRange[];
}

/** A leecher and peers that have everything. */
class Trial {
  readonly bench: Bench;

  constructor(version: 'v1' | 'v2' | 'hybrid' = 'v2') {
    this.bench = new Bench('leecher', makeContent(5, LENGTHS, PIECE_LENGTH, version));
  }

  /** The peer comes and unchokes. Without the bit of BEP 52 when it does not speak of hashes. */
  come(peer = this.bench.peer, hasV2 = true): Asks {
    this.bench.input({ kind: 'linkUp', peer, isOutbound: false });
    const greeting = new WireWriter().handshake(this.bench.torrent.infoHashBytes, nodeIdToBytes(peer)).take();
    const place = 20 + V2_BIT.byte;
    if (!hasV2) greeting[place] = at([...greeting], place) & ~V2_BIT.mask;
    const rest = new WireWriter().haveAll().unchoke().take();
    const out = [greeting, rest].flatMap((bytes) => this.bench.input({ kind: 'received', from: peer, bytes }));
    return this.asks(out, peer);
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

  leave(peer = this.bench.peer): void {
    this.bench.input({ kind: 'linkDown', peer });
  }

  look(): TorrentOutput[] {
    return this.receive((writer) => writer.keepAlive());
  }

  isRight(from = this.bench.peer): TorrentOutput[] {
    return this.bench.input({ kind: 'blockGood', from });
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

test('a peer is asked for one block and the hashes of its piece, and for more once that block was found right', () => {
  const trial = new Trial();
  const { requests, hashes } = trial.come();
  expect([requests.length, hashes.length]).toEqual([1, 1]);
  expect(trial.asks(trial.sendLeaves(at(hashes, 0))).requests).toEqual([]);
  const kept = trial.sendBlock(at(requests, 0));
  expect(isTold(kept)).toEqual([true]);
  expect(trial.asks(kept).requests).toEqual([]);
  const asked = trial.asks(trial.isRight()).requests;
  expect(asked.length).toBeGreaterThanOrEqual(INITIAL_PIPELINE);
  expect(isTold(trial.sendBlock(at(asked, 0)))).toEqual([false]);
});

test('a block that comes before the hashes of its piece is judged when these come, and nothing is asked until then', () => {
  const trial = new Trial();
  const { requests, hashes } = trial.come();
  expect(trial.asks(trial.sendBlock(at(requests, 0)))).toEqual({ requests: [], hashes: [] });
  const out = trial.sendLeaves(at(hashes, 0));
  expect(out.map((output) => output.kind === 'run' && output.run.kind)).toEqual(['checkBlocks']);
  expect(trial.asks(trial.isRight()).requests.length).toBeGreaterThanOrEqual(INITIAL_PIPELINE);
});

test('each of several peers is tried by a block of its own', () => {
  const trial = new Trial();
  const first = at(trial.come().requests, 0);
  const second = trial.come(other).requests;
  expect(second).toHaveLength(1);
  expect(second).not.toEqual([first]);
  trial.sendBlock(first);
  expect(trial.asks(trial.isRight(), other).requests).toEqual([]);
});

test('where only whole pieces have hashes a peer is asked for all that a pipeline takes at first', () => {
  expect(new Trial('v1').come().requests).toHaveLength(INITIAL_PIPELINE);
});

test('so it is when the peer does not speak of hashes, or refuses them', () => {
  expect(new Trial('hybrid').come(undefined, false).requests).toHaveLength(INITIAL_PIPELINE);
  const trial = new Trial('hybrid');
  const { kind: _, ...range } = at(trial.come().hashes, 0);
  const out = trial.receive((writer) => writer.hashReject(range));
  expect(trial.asks(out).requests).toHaveLength(INITIAL_PIPELINE - 1);
});

test('who sent a piece that was stored needs no trial any more', () => {
  const trial = new Trial('hybrid');
  const { requests, hashes } = trial.come();
  const { kind: _, ...range } = at(hashes, 0);
  const queue = [...requests, ...trial.asks(trial.receive((writer) => writer.hashReject(range))).requests];
  let effect: number | undefined;
  for (let request = queue.shift(); request && effect === undefined; request = queue.shift()) {
    const out = trial.sendBlock(request);
    queue.push(...trial.asks(out).requests);
    for (const output of out)
      if (output.kind === 'run' && output.run.kind === 'finishPiece') effect = output.run.effect;
  }
  trial.bench.input({ kind: 'effectDone', effect: effect ?? -1, result: { kind: 'stored' } });
  trial.leave();
  expect(trial.come().requests).toHaveLength(INITIAL_PIPELINE);
});

test('a peer that comes back needs no second trial', () => {
  const trial = new Trial();
  trial.sendBlock(at(trial.come().requests, 0));
  trial.isRight();
  trial.leave();
  expect(trial.come().requests).toHaveLength(INITIAL_PIPELINE);
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
  expect(trial.asks(trial.isRight()).requests.length).toBeGreaterThanOrEqual(INITIAL_PIPELINE);
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

test('a peer of whose piece no hashes come is asked for more after a while, and is not tried again', () => {
  const trial = new Trial();
  const { requests } = trial.come();
  trial.sendBlock(at(requests, 0));
  trial.bench.now = HASH_TIMEOUT_MS - 1;
  expect(trial.asks(trial.look()).requests).toEqual([]);
  trial.bench.now = HASH_TIMEOUT_MS;
  expect(trial.asks(trial.look()).requests.length).toBeGreaterThanOrEqual(INITIAL_PIPELINE);
  trial.leave();
  expect(trial.come().requests).toHaveLength(INITIAL_PIPELINE);
});

/** A piece that is whole before the hashes of its blocks are here: the last block is the peer's, the rest the other's. */
function wholeBeforeLeaves(): { trial: Trial; out: TorrentOutput[]; hashes: WireHashRange } {
  const trial = new Trial();
  const { requests, hashes } = trial.come(other);
  const queue = [...requests];
  const { piece, begin } = at(trial.come().requests, 0);
  trial.sendBlock(at(queue, 0), other);
  // Another piece told that this one is right, so that it is asked for the rest.
  queue.push(...trial.asks(trial.isRight(other), other).requests);
  for (let i = 1; i < queue.length; i++) {
    const request = at(queue, i);
    if (request.piece === piece) queue.push(...trial.asks(trial.sendBlock(request, other), other).requests);
  }
  const out = trial.sendBlock({ kind: 'request', piece, begin, length: BLOCK_BYTES });
  return { trial, out, hashes: at(hashes, 0) };
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

test('when these hashes are refused, or who owes them is gone, it is checked as a whole', () => {
  const { trial, out } = wholeBeforeLeaves();
  const { kind: _, ...range } = at(trial.asks(out).hashes, 0);
  expect(finished(trial.receive((writer) => writer.hashReject(range)))).toEqual([false]);
  const gone = wholeBeforeLeaves().trial;
  expect(finished(gone.bench.input({ kind: 'linkDown', peer: gone.bench.peer }))).toEqual([false]);
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

test('of many that need no trial any more the one whose last right block is oldest is forgotten', () => {
  // Who passed is remembered without a look at hashes or blocks.
  const trials = new Trials(undefined as never, undefined as never);
  const [old, steady, ...others] = Array.from({ length: MAX_TRIED + 1 }, (_, i) => hashToId(Uint8Array.of(i >> 8, i)));
  for (const peer of [old, steady, old, ...others]) trials.pass(peer as typeof other);
  expect([old, steady, ...others].map((peer) => trials.isOn(peer as typeof other)).lastIndexOf(true)).toBe(1);
  expect(trials.isOn(old as typeof other)).toBe(false);
});
