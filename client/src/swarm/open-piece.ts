import { PAROLE_PIECE_MS } from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { PeerKey } from './peer-key.ts';

/** State of a block that is here. Lower values count the peers that were asked for it. */
const RECEIVED = 255;

/**
 * A piece that is partly here: which blocks are free, asked for, or received, and from whom. Free blocks are those that
 * nobody is asked for; `free + busy + received` is the number of blocks.
 */
export class OpenPiece {
  readonly index: number;
  readonly blockCount: number;
  /** The suspect that fetches this piece alone; undefined when everybody may. */
  owner: PeerKey | undefined;
  /** Place in the picker's list of open pieces, and in that of pieces with free blocks (-1: none). */
  slot = -1;
  partialSlot = -1;
  free: number;
  busy = 0;
  received = 0;
  /** Whoever fetches it is not disturbed before. */
  #heldUntil: Millis;
  #turnMs = PAROLE_PIECE_MS;
  readonly #states: Uint8Array;
  /** For each received block, the place of its sender in `#senders`. */
  readonly #senderOf: Uint16Array;
  /** BOUNDED: by the blocks of the piece. */
  #senders: PeerKey[] = [];
  #lowestFree = 0;

  constructor(index: number, blockCount: number, openedAt: Millis, owner: PeerKey | undefined) {
    this.index = index;
    this.blockCount = blockCount;
    this.#heldUntil = openedAt + PAROLE_PIECE_MS;
    this.owner = owner;
    this.free = blockCount;
    this.#states = new Uint8Array(blockCount);
    this.#senderOf = new Uint16Array(blockCount);
  }

  get isWhole(): boolean {
    return this.received === this.blockCount;
  }

  /** A suspect has had its time, or nobody sent anything for as long: others may fetch it. */
  isOverdue(now: Millis): boolean {
    return now >= this.#heldUntil;
  }

  /** A block came. It gives a suspect no further time: one that sends now and then would hold others off for ever. */
  onBlock(now: Millis): void {
    if (this.owner === undefined) this.#heldUntil = now + PAROLE_PIECE_MS;
  }

  /** Everybody may fetch it from now on. */
  share(now: Millis): void {
    if (this.owner === undefined) return;
    this.owner = undefined;
    this.#heldUntil = now + PAROLE_PIECE_MS;
  }

  /**
   * A suspect fetches it alone from now on: in the place of one that got nowhere for twice as long, so that who is slow gets
   * done before others begin anew.
   */
  takeOver(suspect: PeerKey, now: Millis): void {
    if (this.isOverdue(now)) this.#turnMs *= 2;
    this.owner = suspect;
    this.#heldUntil = now + this.#turnMs;
  }

  isReceived(block: number): boolean {
    return this.#states[block] === RECEIVED;
  }

  /** Peers that were asked for the block; 0 when it is free or received. */
  requesters(block: number): number {
    const state = this.#states[block] as number;
    return state === RECEIVED ? 0 : state;
  }

  /** Takes the first free block. Call only while `free` is above 0. */
  takeFree(): number {
    let block = this.#lowestFree;
    while (this.#states[block] !== 0) block++;
    this.#lowestFree = block + 1;
    this.#states[block] = 1;
    this.free--;
    this.busy++;
    return block;
  }

  /** One more peer is asked for a block that is not received. */
  addRequester(block: number): void {
    const state = this.#states[block] as number;
    if (state === 0) {
      this.free--;
      this.busy++;
    }
    this.#states[block] = state + 1;
  }

  /** One peer less is asked for the block. */
  removeRequester(block: number): void {
    const state = this.#states[block] as number;
    if (state === 0 || state === RECEIVED) return;
    this.#states[block] = state - 1;
    if (state === 1) {
      this.busy--;
      this.#setFree(block);
    }
  }

  /** Notes a block that is here now, whoever else was asked for it. */
  receive(block: number, sender: PeerKey): void {
    if (this.#states[block] === 0) this.free--;
    else this.busy--;
    this.received++;
    this.#states[block] = RECEIVED;
    let place = this.#senders.indexOf(sender);
    if (place < 0) place = this.#senders.push(sender) - 1;
    this.#senderOf[block] = place;
  }

  /** Those whose blocks the piece is made of. */
  contributors(): PeerKey[] {
    const places = new Set<number>();
    for (let block = 0; block < this.blockCount; block++) {
      if (this.isReceived(block)) places.add(this.#senderOf[block] as number);
    }
    return [...places].map((place) => this.#senders[place] as PeerKey);
  }

  /** Who sent the block; undefined when it is not here. */
  senderOf(block: number): PeerKey | undefined {
    return this.isReceived(block) ? this.#senders[this.#senderOf[block] as number] : undefined;
  }

  /** Frees a block that is here. Returns who sent it. */
  discard(block: number): PeerKey | undefined {
    const sender = this.senderOf(block);
    if (sender !== undefined) this.#discard(block);
    return sender;
  }

  /** Frees the blocks that `sender` sent. */
  discardFrom(sender: PeerKey): void {
    const place = this.#senders.indexOf(sender);
    if (place < 0) return;
    for (let block = 0; block < this.blockCount; block++) {
      if (this.isReceived(block) && this.#senderOf[block] === place) this.#discard(block);
    }
  }

  /** Frees every block that is here. */
  discardAll(): void {
    for (let block = 0; block < this.blockCount; block++) if (this.isReceived(block)) this.#discard(block);
    this.#senders = [];
  }

  #discard(block: number): void {
    this.received--;
    this.#states[block] = 0;
    this.#setFree(block);
  }

  #setFree(block: number): void {
    this.free++;
    if (block < this.#lowestFree) this.#lowestFree = block;
  }
}
