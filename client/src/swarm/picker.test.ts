import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { MAX_BLOCK_REQUESTERS, MAX_OPEN_BYTES, RANDOM_FIRST_PIECES } from '../../../shared/src/limits/swarm.ts';
import { type Rng, randomBelow, seededRng } from '../../../shared/src/machine.ts';
import type { PieceLayout } from './open-blocks.ts';
import type { PeerKey } from './peer-key.ts';
import { Picker, type PickerPeer } from './picker.ts';
import { PRIORITY } from './piece-priorities.ts';
import { PieceSet } from './piece-set.ts';
import { at } from './test/at.ts';
import { newPickerPeer } from './test/picker-peer.ts';

const layoutOf = (pieceCount: number, blocksPerPiece: number, lastBytes = 100): PieceLayout => ({
  pieceCount,
  pieceLength: blocksPerPiece * BLOCK_BYTES,
  totalLength: (pieceCount - 1) * blocksPerPiece * BLOCK_BYTES + lastBytes,
});

const trusting = (): boolean => false;

function setOf(size: number, has: (piece: number) => boolean): PieceSet {
  const set = new PieceSet(size);
  for (let piece = 0; piece < size; piece++) if (has(piece)) set.add(piece);
  return set;
}

/** Asks for one block and notes it as a session does. */
function ask(picker: Picker, peer: PickerPeer, now = 0): number {
  const block = picker.pick(peer, now);
  if (block >= 0) peer.outstanding.push(block, now);
  return block;
}

/** The peer answers its oldest request. Returns the piece when it is whole. */
function answer(picker: Picker, peer: PickerPeer): { block: number; whole: number | undefined; hasRivals: boolean } {
  let block = -1;
  let wasCounted = false;
  peer.outstanding.shift((first, isCounted) => {
    block = first;
    wasCounted = isCounted;
  });
  const receipt = picker.blocks.receive(peer.id, block, wasCounted);
  return {
    block,
    whole: receipt.isWhole ? Math.floor(block / picker.blocks.perPiece) : undefined,
    hasRivals: receipt.hasRivals,
  };
}

test('one peer is asked for every block exactly once, piece by piece, until nothing is left', () => {
  const layout = layoutOf(20, 4);
  const picker = new Picker(layout, new PieceSet(20), seededRng(1), trusting);
  const peer = newPickerPeer(1);
  picker.addPeer(peer, PieceSet.full(20));
  const asked: number[] = [];
  for (let block = ask(picker, peer); block >= 0; block = ask(picker, peer)) asked.push(block);
  expect(asked).toHaveLength(19 * 4 + 1);
  expect(new Set(asked).size).toBe(asked.length);
  expect(asked.reduce((sum, block) => sum + picker.blocks.lengthOf(block), 0)).toBe(layout.totalLength);
  const pieces = asked.map((block) => Math.floor(block / 4));
  expect(pieces.filter((piece, i) => piece !== pieces[i - 1])).toHaveLength(20);
});

test('after the first pieces the rarest one comes next', () => {
  const picker = new Picker(
    layoutOf(50, 1),
    setOf(50, (piece) => piece < 4),
    seededRng(2),
    trusting,
  );
  const rare = [40, 41, 42];
  for (let name = 0; name < 5; name++)
    picker.addPeer(
      newPickerPeer(name),
      setOf(50, (piece) => !rare.includes(piece)),
    );
  const seed = newPickerPeer(9);
  picker.addPeer(seed, PieceSet.full(50));
  expect([ask(picker, seed), ask(picker, seed), ask(picker, seed)].sort((a, b) => a - b)).toEqual(rare);
});

test('the first pieces are picked at random', () => {
  const firsts = new Set<number>();
  for (let seed = 0; seed < 40; seed++) {
    const picker = new Picker(layoutOf(50, 1), new PieceSet(50), seededRng(seed), trusting);
    picker.addPeer(
      newPickerPeer(1),
      setOf(50, (piece) => piece > 0),
    );
    const peer = newPickerPeer(2);
    picker.addPeer(peer, PieceSet.full(50));
    firsts.add(ask(picker, peer));
  }
  expect(firsts.size).toBeGreaterThan(15);
});

test('a piece that is partly here comes before a new one that is no rarer, and after one that is', () => {
  const picker = new Picker(layoutOf(10, 4, 4 * BLOCK_BYTES), new PieceSet(10), seededRng(3), trusting);
  const [a, b] = [newPickerPeer(1), newPickerPeer(2)];
  picker.addPeer(a, PieceSet.full(10));
  picker.addPeer(b, PieceSet.full(10));
  const first = ask(picker, a);
  const rest = [ask(picker, b), ask(picker, b), ask(picker, b)];
  expect(rest.map((block) => Math.floor(block / 4))).toEqual(rest.map(() => Math.floor(first / 4)));
  expect(Math.floor(ask(picker, b) / 4)).not.toBe(Math.floor(first / 4));
});

test('a rarer piece is started before a partial one is finished, once there is something to trade', () => {
  const stored = setOf(10, (piece) => piece < RANDOM_FIRST_PIECES);
  const picker = new Picker(layoutOf(10, 4, 4 * BLOCK_BYTES), stored, seededRng(3), trusting);
  const [seed, other] = [newPickerPeer(1), newPickerPeer(2)];
  picker.addPeer(seed, PieceSet.full(10));
  picker.addPeer(other, PieceSet.full(10));
  const started = Math.floor(ask(picker, seed) / 4);
  picker.addPeer(
    newPickerPeer(3),
    setOf(10, (piece) => piece === started),
  );
  expect(Math.floor(ask(picker, other) / 4)).not.toBe(started);
});

test('pieces come by priority, skipped ones never, and a piece that is skipped while it is open is named', () => {
  const picker = new Picker(layoutOf(4, 1), new PieceSet(4), seededRng(1), trusting);
  const peer = newPickerPeer(1);
  picker.addPeer(peer, PieceSet.full(4));
  picker.pieces.setPriorities(Uint8Array.of(PRIORITY.low, PRIORITY.skip, PRIORITY.high, PRIORITY.normal));
  picker.countWanted(peer);
  expect([picker.pieces.missingCount, peer.wanted]).toEqual([3, 3]);
  expect([ask(picker, peer), ask(picker, peer), ask(picker, peer), ask(picker, peer)]).toEqual([2, 3, 0, -1]);
  expect(picker.pieces.setPriorities(new Uint8Array(4))).toEqual([0, 2, 3]);
  for (const piece of [2, 3, 0]) picker.pieces.abandon(piece);
  expect([picker.pieces.missingCount, picker.blocks.openPieces.all.length]).toEqual([0, 0]);
  picker.pieces.setPriorities(new Uint8Array(4).fill(PRIORITY.normal));
  picker.countWanted(peer);
  picker.releaseAll(peer);
  expect(new Set([0, 1, 2, 3].map(() => ask(picker, peer)))).toEqual(new Set([0, 1, 2, 3]));
});

test('in order, the first missing piece comes first', () => {
  const picker = new Picker(layoutOf(8, 1), new PieceSet(8), seededRng(1), trusting);
  const [seed, other] = [newPickerPeer(1), newPickerPeer(2)];
  picker.addPeer(seed, PieceSet.full(8));
  picker.addPeer(
    other,
    setOf(8, (piece) => piece > 4),
  );
  picker.isSequential = true;
  expect([ask(picker, seed), ask(picker, other), ask(picker, seed)]).toEqual([0, 5, 1]);
});

test('what a peer was asked for is free again when it chokes or leaves, and a late answer of it is still kept', () => {
  const picker = new Picker(layoutOf(1, 2, 2 * BLOCK_BYTES), new PieceSet(1), seededRng(4), trusting);
  const [a, b] = [newPickerPeer(1), newPickerPeer(2)];
  picker.addPeer(a, PieceSet.full(1));
  picker.addPeer(b, PieceSet.full(1));
  expect([ask(picker, a), ask(picker, a)]).toEqual([0, 1]);
  picker.releaseAll(a);
  expect(ask(picker, b)).toBe(0);
  expect(answer(picker, a)).toMatchObject({ block: 0, hasRivals: true });
  expect(picker.blocks.receive(b.id, 0, true).isKept).toBe(false);
  expect(ask(picker, b)).toBe(1);
  picker.removePeer(b);
  expect(picker.pieces.availability(0)).toBe(1);
});

test('a peer on parole fetches whole pieces alone, beginning with the one that failed', () => {
  const parole = new Set<PeerKey>();
  const picker = new Picker(layoutOf(6, 2, 2 * BLOCK_BYTES), new PieceSet(6), seededRng(6), (peer) => parole.has(peer));
  const [a, b] = [newPickerPeer(1), newPickerPeer(2)];
  picker.addPeer(a, PieceSet.full(6));
  picker.addPeer(b, PieceSet.full(6));
  const failed = Math.floor(ask(picker, a) / 2);
  ask(picker, b);
  answer(picker, a);
  expect(answer(picker, b).whole).toBe(failed);
  expect(new Set(picker.pieces.setFailed(failed))).toEqual(new Set([a.id, b.id]));
  parole.add(a.id).add(b.id);
  expect(Math.floor(ask(picker, a) / 2)).toBe(failed);
  expect(Math.floor(ask(picker, b) / 2)).not.toBe(failed);
  expect(Math.floor(ask(picker, a) / 2)).toBe(failed);
  answer(picker, a);
  expect(answer(picker, a).whole).toBe(failed);
  expect(picker.pieces.setStored(failed)).toEqual([a.id]);
});

test('a suspect that is the only source left takes over what others began, one piece after the other', () => {
  const parole = new Set<PeerKey>();
  const picker = new Picker(layoutOf(2, 2, 2 * BLOCK_BYTES), new PieceSet(2), seededRng(6), (peer) => parole.has(peer));
  const [suspect, other] = [newPickerPeer(1), newPickerPeer(2)];
  for (const peer of [suspect, other]) picker.addPeer(peer, PieceSet.full(2));
  for (const peer of [suspect, other, other]) ask(picker, peer);
  picker.removePeer(other);
  answer(picker, suspect);
  parole.add(suspect.id);
  const stored: number[] = [];
  for (let block = 0; block < 4; block++) {
    expect(ask(picker, suspect)).toBeGreaterThanOrEqual(0);
    const { whole } = answer(picker, suspect);
    if (whole === undefined) continue;
    stored.push(whole);
    suspect.wanted--;
    expect(picker.pieces.setStored(whole)).toEqual([suspect.id]);
  }
  expect(stored.toSorted((a, b) => a - b)).toEqual([0, 1]);
});

test('blocks of a banned peer in unfinished pieces are asked for again', () => {
  const picker = new Picker(layoutOf(1, 3, 3 * BLOCK_BYTES), new PieceSet(1), seededRng(7), trusting);
  const [liar, honest] = [newPickerPeer(1), newPickerPeer(2)];
  picker.addPeer(liar, PieceSet.full(1));
  picker.addPeer(honest, PieceSet.full(1));
  ask(picker, liar);
  ask(picker, honest);
  answer(picker, liar);
  answer(picker, honest);
  picker.blocks.discardFrom(liar.id, () => false);
  expect([ask(picker, honest), ask(picker, honest), ask(picker, honest)]).toEqual([0, 2, -1]);
});

/** A swarm of random peers against the picker; every invariant is checked at every step. */
function randomRun(rng: Rng, pieceCount: number, blocksPerPiece: number): void {
  const layout = layoutOf(pieceCount, blocksPerPiece, 1 + randomBelow(rng, blocksPerPiece * BLOCK_BYTES));
  const suspects = new Set<PeerKey>();
  const picker = new Picker(layout, new PieceSet(pieceCount), rng, (peer) => suspects.has(peer));
  const peers: PickerPeer[] = [];
  const join = (pieces: PieceSet): void => {
    const peer = newPickerPeer(peers.length);
    peers.push(peer);
    picker.addPeer(peer, pieces);
  };
  for (let i = 0; i < 6; i++) join(setOf(pieceCount, () => randomBelow(rng, 3) > 0));
  join(PieceSet.full(pieceCount));
  const finish = (piece: number): void => {
    if (randomBelow(rng, 6) === 0) picker.pieces.setFailed(piece).forEach((id) => suspects.add(id));
    else {
      for (const peer of peers) if (peer.pieces?.has(piece)) peer.wanted--;
      picker.pieces.setStored(piece).forEach((id) => suspects.delete(id));
    }
  };
  for (let step = 0; step < 4000 && picker.pieces.storedCount < pieceCount; step++) {
    const peer = at(peers, randomBelow(rng, peers.length));
    const action = randomBelow(rng, 20);
    if (action < 8) ask(picker, peer, step * 100);
    else if (action < 16 && peer.outstanding.length > 0) {
      const { block, whole, hasRivals } = answer(picker, peer);
      if (hasRivals) for (const rival of peers) if (rival !== peer) rival.outstanding.take(block);
      if (whole !== undefined) finish(whole);
    } else if (action === 16) picker.releaseAll(peer);
    else if (action === 17 && peer.pieces) picker.addHave(peer, randomBelow(rng, pieceCount));
    else if (action === 18 && peers.indexOf(peer) < 6) {
      const pieces = peer.pieces!;
      picker.removePeer(peer);
      while (peer.outstanding.length > 0) peer.outstanding.shift(() => undefined);
      picker.addPeer(peer, pieces);
    }
    checkCounts(picker, peers, pieceCount, blocksPerPiece);
  }
  // Whatever happened, the seed alone can finish it.
  const seed = peers.at(-1)!;
  for (const peer of peers.slice(0, -1)) picker.removePeer(peer);
  for (let guard = 0; guard < 10_000 && picker.pieces.storedCount < pieceCount; guard++) {
    if (ask(picker, seed, 1e9) >= 0 && guard % 3 !== 0) continue;
    if (seed.outstanding.length === 0) continue;
    const { whole } = answer(picker, seed);
    if (whole === undefined) continue;
    seed.wanted--;
    picker.pieces.setStored(whole).forEach((id) => suspects.delete(id));
  }
  expect(picker.pieces.storedCount).toBe(pieceCount);
}

function checkCounts(picker: Picker, peers: readonly PickerPeer[], pieceCount: number, blocksPerPiece: number): void {
  const asked = new Map<number, number>();
  for (const peer of peers) {
    let wanted = 0;
    for (let piece = 0; piece < pieceCount; piece++)
      if (peer.pieces?.has(piece) && !picker.pieces.isStored(piece)) wanted++;
    if (peer.wanted !== wanted) throw new Error('wanted is wrong');
  }
  for (let piece = 0; piece < pieceCount; piece++) {
    const brute = peers.filter((peer) => peer.pieces?.has(piece)).length;
    if (picker.pieces.availability(piece) !== brute) throw new Error('availability is wrong');
  }
  for (const open of picker.blocks.openPieces.all) {
    if (open.free + open.busy + open.received !== open.blockCount) throw new Error('blocks do not add up');
    for (let block = 0; block < open.blockCount; block++)
      asked.set(open.index * blocksPerPiece + block, open.requesters(block));
  }
  const counted = new Map<number, number>();
  for (const peer of peers) {
    const copy: [number, boolean][] = [];
    while (peer.outstanding.length > 0) peer.outstanding.shift((block, isCounted) => copy.push([block, isCounted]));
    for (const [block, isCounted] of copy) {
      peer.outstanding.push(block, 0);
      if (isCounted) counted.set(block, (counted.get(block) ?? 0) + 1);
    }
    const uncounted = copy.filter(([, isCounted]) => !isCounted).map(([block]) => block);
    // `push` counts; what was given up stays given up.
    for (const block of uncounted) peer.outstanding.take(block);
  }
  for (const [block, requesters] of asked) {
    if ((counted.get(block) ?? 0) !== requesters) throw new Error('requesters are wrong');
    if (requesters > MAX_BLOCK_REQUESTERS) throw new Error('too many requesters');
  }
}

test('in random swarms counts equal brute force at every step, and every piece gets done', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 5 }), (seed, pieces, blocks) => {
      randomRun(seededRng(seed), pieces, blocks);
    }),
    { numRuns: 60, examples: [[2048632054, 11, 5]] },
  );
});

test('a hundred thousand pieces of fifty peers are picked, fetched and stored without a slip', () => {
  const pieceCount = 100_000;
  const rng = seededRng(8);
  const picker = new Picker(layoutOf(pieceCount, 4), new PieceSet(pieceCount), rng, trusting);
  const peers = Array.from({ length: 50 }, (_, name) => newPickerPeer(name));
  for (const peer of peers)
    picker.addPeer(
      peer,
      setOf(pieceCount, () => randomBelow(rng, 2) === 0),
    );
  const picks = 50_000;
  for (let i = 0; i < picks; i++) {
    const peer = at(peers, i % 50);
    ask(picker, peer);
    if (peer.outstanding.length < 20) continue;
    const { whole } = answer(picker, peer);
    if (whole !== undefined) picker.pieces.setStored(whole);
  }
  expect(picker.pieces.storedCount).toBeGreaterThan(1000);
});

/** As many open pieces as may be: the first has one block, each further one two more. Nobody is asked for anything. */
function fullOfPieces(): { picker: Picker; maxOpen: number; perPiece: number; peer: PickerPeer } {
  const maxOpen = 4;
  const perPiece = MAX_OPEN_BYTES / maxOpen / BLOCK_BYTES;
  const picker = new Picker(layoutOf(maxOpen + 1, perPiece, 100), new PieceSet(maxOpen + 1), seededRng(9), trusting);
  const peer = newPickerPeer(1);
  picker.addPeer(peer, PieceSet.full(maxOpen + 1));
  for (let piece = 0; piece < maxOpen; piece++) {
    expect(picker.pieces.start(piece, 0, undefined)?.index).toBe(piece);
    for (let place = 0; place <= 2 * piece; place++) picker.blocks.receive(peer.id, piece * perPiece + place, false);
  }
  return { picker, maxOpen, perPiece, peer };
}

test('where no more may be open, of the pieces that nobody fetches the least complete one makes room', () => {
  const { picker, maxOpen } = fullOfPieces();
  expect(picker.pieces.start(maxOpen, 0, undefined)?.index).toBe(maxOpen);
  expect(picker.pieces.takeDropped()).toEqual([0]);
  expect(picker.blocks.openPieces.size).toBe(maxOpen);
});

test('a piece that nobody has any more makes room before a less complete one', () => {
  const { picker, maxOpen, peer } = fullOfPieces();
  picker.removePeer(peer);
  picker.addPeer(
    newPickerPeer(2),
    setOf(maxOpen + 1, (piece) => piece !== 2),
  );
  picker.pieces.start(maxOpen, 0, undefined);
  expect(picker.pieces.takeDropped()).toEqual([2]);
});

test('a piece that somebody fetches makes no room, and none is started while each is fetched', () => {
  const { picker, maxOpen } = fullOfPieces();
  const fetch = (piece: number): void => {
    const open = picker.blocks.openPieces.get(piece);
    if (open) picker.blocks.take(open);
  };
  fetch(0);
  picker.pieces.start(maxOpen, 0, undefined);
  expect(picker.pieces.takeDropped()).toEqual([1]);
  for (let piece = 2; piece <= maxOpen; piece++) fetch(piece);
  expect(picker.pieces.start(1, 0, undefined)).toBeUndefined();
  expect(picker.pieces.takeDropped()).toEqual([]);
});
