import { expect, test } from 'vitest';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { FIRST_URGENT_TIMEOUT_MS, MAX_BLOCK_REQUESTERS } from '../../../shared/src/limits/swarm.ts';
import { type Millis, seededRng } from '../../../shared/src/machine.ts';
import { Picker } from './picker.ts';
import { PRIORITY } from './piece-priorities.ts';
import { PieceSet } from './piece-set.ts';
import { Pipeline } from './pipeline.ts';
import { newPickerPeer } from './test/picker-peer.ts';
import { Urgent, type UrgentPeer } from './urgent.ts';

interface TestPeer extends UrgentPeer {
  peerChoking: boolean;
}

/** A torrent of eight pieces of two blocks, and peers that have all of it. */
class Scene {
  readonly peers: TestPeer[] = [];
  readonly picker = new Picker(
    { pieceCount: 8, pieceLength: 2 * BLOCK_BYTES, totalLength: 16 * BLOCK_BYTES },
    new PieceSet(8),
    seededRng(1),
    () => false,
  );
  readonly urgent = new Urgent(this.picker, () => this.peers);

  add(blocksPerSecond?: number): TestPeer {
    const pipeline = new Pipeline();
    const peer = { ...newPickerPeer(this.peers.length), pipeline, progressAt: 0, peerChoking: false };
    if (blocksPerSecond !== undefined) {
      for (let at = 0; at < 4000; at += 1000 / blocksPerSecond) {
        pipeline.onBlock(BLOCK_BYTES, at, at - 10);
        pipeline.tick(at);
      }
    }
    this.picker.addPeer(peer, PieceSet.full(8));
    this.peers.push(peer);
    return peer;
  }

  ask(peer: TestPeer, now: Millis): number {
    const block = this.urgent.pick(peer, now);
    if (block >= 0) peer.outstanding.push(block, now);
    return block;
  }

  /** The peer sends a block that it was asked for. */
  answer(peer: TestPeer, block: number, now: Millis): void {
    peer.outstanding.take(block);
    const receipt = this.picker.blocks.receive(peer.id, block, true);
    if (receipt.isWhole) this.urgent.onWhole(block >> 1, now);
  }
}

test('blocks of the earliest deadline come first, and nothing is urgent without one', () => {
  const scene = new Scene();
  const peer = scene.add();
  expect(scene.ask(peer, 0)).toBe(-1);
  scene.picker.pieces.setDeadline(6, 2000);
  scene.picker.pieces.setDeadline(7, 1000);
  scene.picker.pieces.setDeadline(3, 3000);
  scene.picker.pieces.setDeadline(3, Infinity);
  expect([1, 2, 3, 4, 5].map(() => scene.ask(peer, 0))).toEqual([14, 15, 12, 13, -1]);
});

test('a peer that would take seconds leaves urgent blocks to a faster one, and takes them where there is none', () => {
  const scene = new Scene();
  const slow = scene.add(0.4);
  scene.picker.pieces.setDeadline(0, 5000);
  expect(scene.ask(slow, 4000)).toBe(0);
  const fast = scene.add(50);
  expect(scene.ask(slow, 4000)).toBe(-1);
  expect(scene.ask(fast, 4000)).toBe(1);
  scene.picker.pieces.setDeadline(1, 5000);
  fast.peerChoking = true;
  expect(scene.ask(slow, 4000)).toBe(2);
});

test('a late piece is asked of a second peer, and of a third one only when it is late twice', () => {
  const scene = new Scene();
  const peers = [1, 2, 3, 4].map(() => scene.add());
  scene.picker.pieces.setDeadline(0, 100);
  expect([scene.ask(peers[0]!, 0), scene.ask(peers[0]!, 0)]).toEqual([0, 1]);
  const late = FIRST_URGENT_TIMEOUT_MS;
  expect(scene.ask(peers[1]!, late - 1)).toBe(-1);
  expect([scene.ask(peers[1]!, late), scene.ask(peers[1]!, late), scene.ask(peers[2]!, late)]).toEqual([0, 1, -1]);
  expect([scene.ask(peers[2]!, 2 * late), scene.ask(peers[2]!, 2 * late)]).toEqual([0, 1]);
  expect(scene.picker.blocks.openPieces.get(0)?.requesters(0)).toBe(MAX_BLOCK_REQUESTERS);
  expect(scene.ask(peers[3]!, 9 * late)).toBe(-1);
});

test('nobody is asked twice for the same late block, and one that came is asked for no more', () => {
  const scene = new Scene();
  const [first, second] = [scene.add(), scene.add()];
  scene.picker.pieces.setDeadline(0, 100);
  scene.ask(first, 0);
  scene.ask(first, 0);
  expect(scene.ask(first, 5000)).toBe(-1);
  scene.answer(first, 0, 5000);
  expect([scene.ask(second, 5000), scene.ask(second, 5000)]).toEqual([1, -1]);
});

test('what counts as late follows how long urgent pieces take', () => {
  const scene = new Scene();
  const peer = scene.add();
  for (const piece of [0, 1, 2]) {
    scene.picker.pieces.setDeadline(piece, 10_000 * piece);
    const at = 10_000 * piece;
    const blocks = [scene.ask(peer, at), scene.ask(peer, at)];
    for (const block of blocks) scene.answer(peer, block, at + 1000);
    scene.picker.pieces.setStored(piece);
  }
  // Three pieces took a second each: the mean is that, and the deviation has begun to shrink from half of it.
  expect(scene.urgent.timeoutMs).toBeGreaterThan(1000);
  expect(scene.urgent.timeoutMs).toBeLessThan(1250);
});

test('a piece that is skipped is waited for no more, and one that is skipped already never is', () => {
  const { picker } = new Scene();
  picker.pieces.setDeadline(2, 1000);
  picker.pieces.setDeadline(5, 2000);
  const skipped = new Uint8Array(8).fill(PRIORITY.normal);
  skipped[2] = PRIORITY.skip;
  picker.pieces.setPriorities(skipped);
  picker.pieces.setDeadline(2, 3000);
  expect(picker.pieces.deadlines).toEqual([{ piece: 5, at: 2000 }]);
});
