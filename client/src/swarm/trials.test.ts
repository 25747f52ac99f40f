import { expect, test } from 'vitest';
import { hashToId } from '../../../shared/src/ids.ts';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { INITIAL_PIPELINE, MAX_PIPELINE, MAX_TRIED } from '../../../shared/src/limits/swarm.ts';
import { at } from './test/at.ts';
import { Lab, makeContent } from './test/lab.ts';
import { flawsOf, flip } from './test/outcome.ts';
import { Trial, isTold, other } from './test/trial.ts';
import { Trials } from './trials.ts';
import type { FilePriority, TorrentOutput } from './types.ts';
import type { WireRequest } from './wire.ts';

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

test('the hashes of a piece that was given up are not waited for: they are asked for anew when it is wanted again', () => {
  const trial = new Trial('v2', true, 1);
  const { hashes } = trial.come();
  const steer = (priority: FilePriority): TorrentOutput[] =>
    trial.bench.input({ kind: 'command', command: { kind: 'setPriorities', priorities: [priority] } });
  expect(trial.asks([...steer('skip'), ...steer('normal')]).hashes).toEqual(hashes);
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
