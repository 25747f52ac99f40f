import { expect, test } from 'vitest';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { MAX_BLOCK_REQUESTERS } from '../../../shared/src/limits/swarm.ts';
import { seededRng } from '../../../shared/src/machine.ts';
import { type EndgamePeer, chooseBusyBlock } from './endgame.ts';
import { PieceSet } from './piece-set.ts';
import { Picker } from './picker.ts';
import { Pipeline } from './pipeline.ts';
import { Lab, makeContent } from './test/lab.ts';
import { newPickerPeer } from './test/picker-peer.ts';

const SECOND = 1000;

/** A peer that has everything and sent `blocksPerSecond` for five seconds. */
function makePeer(picker: Picker, name: number, blocksPerSecond: number): EndgamePeer {
  const pipeline = new Pipeline();
  for (let i = 1; i <= 5 * blocksPerSecond; i++) {
    const now = (i * SECOND) / blocksPerSecond;
    pipeline.onBlock(BLOCK_BYTES, now, now - 100);
    if (i % blocksPerSecond === 0) pipeline.tick(now);
  }
  const peer: EndgamePeer = { ...newPickerPeer(name), pipeline, progressAt: 5 * SECOND };
  picker.addPeer(peer, PieceSet.full(1));
  return peer;
}

function ask(picker: Picker, peer: EndgamePeer, blocks: number): void {
  for (let i = 0; i < blocks; i++) peer.outstanding.push(picker.pick(peer, 5 * SECOND), 5 * SECOND);
}

function makePicker(blocks: number): Picker {
  const length = blocks * BLOCK_BYTES;
  const layout = { pieceCount: 1, pieceLength: length, totalLength: length };
  return new Picker(layout, new PieceSet(1), seededRng(1), () => false);
}

test('nothing is fetched twice while a block is free', () => {
  const picker = makePicker(9);
  const [slow, idle] = [makePeer(picker, 1, 1), makePeer(picker, 2, 50)];
  ask(picker, slow, 8);
  expect(chooseBusyBlock(idle, [slow, idle], picker, 5 * SECOND)).toBe(-1);
  ask(picker, slow, 1);
  expect(chooseBusyBlock(idle, [slow, idle], picker, 5 * SECOND)).toBe(8);
});

test('an idle peer gets the block that would come last, one only, and of several slow peers that of the slowest', () => {
  const picker = makePicker(9);
  const [slower, slow, idle] = [makePeer(picker, 1, 1), makePeer(picker, 2, 2), makePeer(picker, 3, 50)];
  ask(picker, slow, 5);
  ask(picker, slower, 4);
  const block = chooseBusyBlock(idle, [slow, slower, idle], picker, 5 * SECOND);
  expect(block).toBe(8);
  picker.blocks.addRequester(block);
  idle.outstanding.push(block, 5 * SECOND);
  expect(chooseBusyBlock(idle, [slow, slower, idle], picker, 5 * SECOND)).toBe(-1);
});

test('what is about to arrive is waited for, unless its sender has fallen silent', () => {
  const picker = makePicker(2);
  const [good, idle] = [makePeer(picker, 1, 20), makePeer(picker, 2, 20)];
  ask(picker, good, 2);
  expect(chooseBusyBlock(idle, [good, idle], picker, 5 * SECOND)).toBe(-1);
  expect(chooseBusyBlock(idle, [good, idle], picker, 15 * SECOND)).toBe(1);
});

test('a peer that has sent nothing yet is asked for what would take long, and for nothing that is about to arrive', () => {
  const picker = makePicker(20);
  const [fast, trickling] = [makePeer(picker, 1, 5), makePeer(picker, 2, 1)];
  const newcomer: EndgamePeer = { ...newPickerPeer(3), pipeline: new Pipeline(), progressAt: 5 * SECOND };
  picker.addPeer(newcomer, PieceSet.full(1));
  ask(picker, fast, 10);
  ask(picker, trickling, 10);
  expect(chooseBusyBlock(newcomer, [fast, newcomer], picker, 5 * SECOND)).toBe(-1);
  expect(chooseBusyBlock(newcomer, [fast, trickling, newcomer], picker, 5 * SECOND)).toBe(19);
  newcomer.pipeline.isSnubbed = true;
  expect(chooseBusyBlock(newcomer, [fast, trickling, newcomer], picker, 5 * SECOND)).toBe(-1);
});

test('a seed that comes when a source owes all that is missing, and gives a block in 19 s, is asked for it', () => {
  const content = makeContent(7, [4 * BLOCK_BYTES], 4 * BLOCK_BYTES);
  const lab = new Lab(7);
  const trickler = lab.add('trickler', { content, role: 'seed', uplink: BLOCK_BYTES / 19_000 });
  const seed = lab.add('seed', { content, role: 'seed', uplink: 200 });
  const leecher = lab.add('leecher', { content, role: 'leecher' });
  lab.connect(leecher, trickler);
  lab.run(2 * SECOND);
  lab.connect(leecher, seed);
  lab.run(12 * SECOND, () => leecher.isComplete);
  expect(leecher.isComplete).toBe(true);
});

test('a block is asked of a bounded number of peers', () => {
  const picker = makePicker(1);
  const slow = makePeer(picker, 1, 1);
  ask(picker, slow, 1);
  const peers = [2, 3, 4, 5, 6].map((name) => makePeer(picker, name, 50));
  const chosen = peers.map((peer) => {
    const block = chooseBusyBlock(peer, [slow, ...peers], picker, 20 * SECOND);
    if (block >= 0) picker.blocks.addRequester(block);
    if (block >= 0) peer.outstanding.push(block, 20 * SECOND);
    return block;
  });
  expect(chosen.filter((block) => block >= 0)).toHaveLength(MAX_BLOCK_REQUESTERS - 1);
});
