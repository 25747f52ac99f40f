import { BLOCK_BYTES } from '../../../../shared/src/limits/metainfo.ts';
import { randomBelow, seededRng } from '../../../../shared/src/machine.ts';
import { Picker, type PickerPeer } from '../picker.ts';
import { PieceSet } from '../piece-set.ts';
import { at } from './at.ts';
import { newPickerPeer } from './picker-peer.ts';

const PIECES = 100_000;
const PEERS = 50;
const BLOCKS_PER_PIECE = 4;

/** A picker with 100,000 pieces and 50 peers, each of which has half of them. */
export function makeBusyPicker(): { readonly picker: Picker; readonly peers: readonly PickerPeer[] } {
  const rng = seededRng(8);
  const pieceLength = BLOCKS_PER_PIECE * BLOCK_BYTES;
  const layout = { pieceCount: PIECES, pieceLength, totalLength: PIECES * pieceLength };
  const picker = new Picker(layout, new PieceSet(PIECES), rng, () => false);
  const peers = Array.from({ length: PEERS }, (_, name) => newPickerPeer(name));
  for (const peer of peers) {
    const pieces = new PieceSet(PIECES);
    for (let piece = 0; piece < PIECES; piece++) if (randomBelow(rng, 2) === 0) pieces.add(piece);
    picker.addPeer(peer, pieces);
  }
  return { picker, peers };
}

/** Asks for so many blocks of the peers in turn, each answering in order, and stores what is whole. */
export function pickBlocks({ picker, peers }: ReturnType<typeof makeBusyPicker>, picks: number): void {
  for (let i = 0; i < picks; i++) {
    const peer = at(peers, i % peers.length);
    const block = picker.pick(peer, i);
    if (block >= 0) peer.outstanding.push(block, i);
    if (peer.outstanding.length < 20) continue;
    peer.outstanding.shift((oldest, isCounted) => {
      if (!picker.blocks.receive(peer.id, oldest, isCounted).isWhole) return;
      const piece = Math.floor(oldest / BLOCKS_PER_PIECE);
      for (const each of peers) if (each.pieces?.has(piece)) each.wanted--;
      picker.pieces.setStored(piece);
    });
  }
}
