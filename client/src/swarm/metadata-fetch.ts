import {
  MAX_METADATA_TRIALS,
  MAX_QUEUED_METADATA,
  MAX_SPARE_METADATA_BYTES,
  METADATA_PIPELINE,
  METADATA_SILENCE_MS,
  METADATA_TIMEOUT_MS,
} from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { MetadataBlocks } from './metadata-blocks.ts';
import type { PeerKey } from './peer-key.ts';

/** One metadata block to ask a peer for. */
export interface MetadataAsk {
  readonly peer: PeerKey;
  readonly block: number;
}

/** What follows from metadata that was wrong. */
export interface MetadataFailure {
  /** Who is certain to have lied. */
  readonly liar: PeerKey | undefined;
  /** Another one that is complete, to be checked now. */
  readonly next: Uint8Array | undefined;
}

interface Source {
  readonly size: number;
  /** Blocks that it was asked for and has not sent, and when it was asked. BOUNDED: by METADATA_PIPELINE. */
  readonly owed: Map<number, Millis>;
  /** Blocks that are no longer waited for and may still come. BOUNDED: by MAX_QUEUED_METADATA. */
  given: number;
  /** Asked for no block before: it refused, or let a request run out. */
  restsUntil: Millis;
  /** When it last sent a block that it was asked for. */
  sentAt: Millis;
  /** What it sent, once each is tried alone. */
  own: MetadataBlocks | undefined;
  /** Since when it is being tried alone; undefined while it waits for that. */
  triedSince: Millis | undefined;
}

/**
 * Puts the info dictionary together from blocks of several peers (BEP 9). Once it is certain that somebody lies, because
 * what was put together is wrong or they name different sizes, each is asked for all of it alone, a few at a time and in
 * turns, and keeps what it has sent, also when its link breaks and it comes back: who then sends wrong metadata is the
 * liar, and one who stops sending keeps nobody from the metadata. A peer with a low upload limit sends each block after its time: what it sends is taken all the same,
 * and it is not asked again for what it owes, as nothing is lost on a channel and it would send everything twice.
 */
export class MetadataFetch {
  /** Peers that have the metadata, those that were tried alone longest ago first. BOUNDED: by the peers of the torrent. */
  readonly #sources = new Map<PeerKey, Source>();
  /** What those have sent that were tried alone and are not here now. BOUNDED: by MAX_SPARE_METADATA_BYTES. */
  readonly #left = new Map<PeerKey, MetadataBlocks>();
  /** What they sent together. */
  #shared: MetadataBlocks | undefined;
  /** Who is asked for the blocks of `#shared`. BOUNDED: by the blocks of the metadata. */
  readonly #asked = new Map<number, PeerKey>();
  /** Somebody lies: each is tried alone. */
  #isApart = false;
  /** What is complete, until the verdict. */
  #checking: MetadataBlocks | undefined;
  /** Who was asked for the first block, and when, before it said that it has the metadata. */
  #ahead: { readonly peer: PeerKey; readonly at: Millis } | undefined;

  /** The first peer is asked for the first block before it is a source: false when this is none. */
  askAhead(peer: PeerKey, now: Millis): boolean {
    if (this.#ahead || this.#isApart || this.#shared || this.#sources.size > 0) return false;
    this.#ahead = { peer, at: now };
    return true;
  }

  /** What the peer was asked ahead it will not send. */
  cancelAhead(peer: PeerKey): void {
    if (this.#ahead?.peer === peer) this.#ahead = undefined;
  }

  /**
   * The peer has metadata of this size. Of one that has said so before, the first word counts. One that was here before
   * goes on where it was, unless it names another size now.
   */
  addSource(peer: PeerKey, size: number): void {
    if (this.#sources.has(peer)) return;
    const left = this.#left.get(peer);
    this.#left.delete(peer);
    const own = left?.size === size ? left : undefined;
    const nothing = { restsUntil: 0, sentAt: -Infinity, triedSince: undefined };
    const source = { size, owed: new Map<number, Millis>(), given: 0, own, ...nothing };
    this.#sources.set(peer, source);
    if (this.#ahead?.peer === peer) this.#takeAhead(peer, source, this.#ahead.at);
  }

  /** The peer is not here any more. What it has sent is kept for when it is again. */
  removeSource(peer: PeerKey): void {
    const own = this.#sources.get(peer)?.own;
    this.#forget(peer);
    if (own) this.#left.set(peer, own);
    this.#forgetSpare();
  }

  /** What to ask for now. Call after every change and once a second. */
  next(now: Millis): MetadataAsk[] {
    this.#expire(now);
    if (!this.#isApart && !this.#checking && this.#isDisagreed()) this.#part(this.#shared);
    if (this.#isApart) return this.#askApart(now);
    return this.#checking ? [] : this.#askTogether(now);
  }

  /**
   * A block came. False when it was not asked for or has the wrong length; the whole metadata when it is complete. One
   * whose request ran out is taken, too, while it is missing.
   */
  receive(peer: PeerKey, block: number, totalSize: number, bytes: Uint8Array, now: Millis): Uint8Array | boolean {
    const source = this.#sources.get(peer);
    if (!source) return false;
    if (!source.owed.delete(block) && --source.given < 0) {
      source.given = 0;
      return false;
    }
    if (totalSize !== source.size) return false;
    const blocks = this.#isApart ? (source.own ??= new MetadataBlocks(source.size)) : this.#shared;
    if (blocks?.size !== source.size || blocks.has(block)) return true;
    if (!blocks.fits(block, bytes)) return false;
    if (!this.#isApart && this.#asked.get(block) !== peer) source.restsUntil = now;
    this.#asked.delete(block);
    source.sentAt = now;
    blocks.add(block, bytes, peer);
    return this.#check(blocks) ?? true;
  }

  /** The peer refused a block: it rests, and the others are asked. */
  reject(peer: PeerKey, block: number, now: Millis): void {
    const source = this.#sources.get(peer);
    this.cancelAhead(peer);
    if (!source?.owed.delete(block)) return;
    if (this.#asked.get(block) === peer) this.#asked.delete(block);
    source.restsUntil = now + METADATA_TIMEOUT_MS;
  }

  /** What was put together is wrong. */
  fail(): MetadataFailure {
    const wrong = this.#checking;
    this.#checking = undefined;
    const senders = wrong?.senders() ?? [];
    const liar = senders.length === 1 ? senders[0] : undefined;
    if (liar !== undefined) this.#forget(liar);
    else if (wrong) this.#part(wrong);
    if (wrong === this.#shared) this.#dropShared();
    const alone = [...[...this.#sources.values()].map(({ own }) => own), ...this.#left.values()];
    for (const own of alone) {
      const next = own && this.#check(own);
      if (next) return { liar, next };
    }
    return { liar, next: undefined };
  }

  /** A peer that was asked for the first block has the metadata: it owes that, unless another one was asked meanwhile. */
  #takeAhead(peer: PeerKey, source: Source, askedAt: Millis): void {
    this.#ahead = undefined;
    if (this.#isApart || this.#shared) {
      source.given = 1;
      return;
    }
    this.#shared = new MetadataBlocks(source.size);
    this.#asked.set(0, peer);
    source.owed.set(0, askedAt);
  }

  #askTogether(now: Millis): MetadataAsk[] {
    const asks: MetadataAsk[] = [];
    for (const [peer, source] of this.#sources) {
      this.#shared ??= new MetadataBlocks(source.size);
      asks.push(...this.#ask(peer, source, this.#shared, now));
    }
    return asks;
  }

  #askApart(now: Millis): MetadataAsk[] {
    this.#takeTurns(now);
    const asks: MetadataAsk[] = [];
    for (const [peer, source] of this.#sources) {
      if (source.triedSince === undefined) continue;
      source.own ??= new MetadataBlocks(source.size);
      asks.push(...this.#ask(peer, source, source.own, now));
    }
    return asks;
  }

  /** What the peer is asked for now, of what is missing and nobody is asked for. */
  #ask(peer: PeerKey, source: Source, blocks: MetadataBlocks, now: Millis): MetadataAsk[] {
    const asks: MetadataAsk[] = [];
    if (source.restsUntil > now) return asks;
    for (let block = 0; block < blocks.count && source.owed.size < METADATA_PIPELINE; block++) {
      if (blocks.has(block) || source.owed.has(block) || this.#asked.has(block)) continue;
      source.owed.set(block, now);
      if (!this.#isApart) this.#asked.set(block, peer);
      asks.push({ peer, block });
    }
    return asks;
  }

  /**
   * Says who is tried now: whoever has had its time gives way to those that wait, and keeps what it has sent. One that has
   * sent everything keeps its place until the verdict, so that no more is kept than can be tried.
   */
  #takeTurns(now: Millis): void {
    const waiting = [...this.#sources.values()].filter(
      ({ triedSince, own }) => triedSince === undefined && own?.isComplete !== true,
    );
    const tried = [...this.#sources].filter(([, { triedSince }]) => triedSince !== undefined);
    let trials = tried.length;
    for (const [peer, source] of tried) {
      if (source.own?.isComplete || now - (source.triedSince ?? now) < METADATA_SILENCE_MS) continue;
      if (trials + waiting.length <= MAX_METADATA_TRIALS) break;
      source.triedSince = undefined;
      this.#sources.delete(peer);
      this.#sources.set(peer, source);
      trials--;
    }
    for (const source of waiting.slice(0, Math.max(0, MAX_METADATA_TRIALS - trials))) source.triedSince = now;
    this.#forgetSpare();
  }

  /**
   * Bounds what those that wait have sent, and after them those that are not here: a slow peer has sent little, so the
   * largest goes first.
   */
  #forgetSpare(): void {
    const keptBytes = (blocks: MetadataBlocks | undefined): number => blocks?.keptBytes ?? 0;
    const spare = [...this.#sources.values()].filter(({ triedSince }) => triedSince === undefined);
    let bytes = 0;
    for (const source of spare.sort((a, b) => keptBytes(a.own) - keptBytes(b.own))) {
      bytes += keptBytes(source.own);
      if (bytes > MAX_SPARE_METADATA_BYTES) source.own = undefined;
    }
    for (const [peer, left] of [...this.#left].sort(([, a], [, b]) => keptBytes(a) - keptBytes(b))) {
      bytes += keptBytes(left);
      if (bytes > MAX_SPARE_METADATA_BYTES) this.#left.delete(peer);
    }
  }

  /** What one does not send in time others are asked for; who is silent for too long is asked anew. */
  #expire(now: Millis): void {
    for (const [block, peer] of this.#asked) {
      const source = this.#sources.get(peer);
      const askedAt = source?.owed.get(block) ?? now;
      if (!source || now - askedAt < METADATA_TIMEOUT_MS) continue;
      this.#asked.delete(block);
      source.restsUntil = now + METADATA_TIMEOUT_MS;
    }
    for (const source of this.#sources.values()) {
      const [oldest] = source.owed.values();
      if (oldest === undefined || now - Math.max(oldest, source.sentAt) < METADATA_SILENCE_MS) continue;
      source.given = Math.min(MAX_QUEUED_METADATA, source.given + source.owed.size);
      source.owed.clear();
    }
  }

  /** Has each be tried alone, with what it sent of these blocks. */
  #part(blocks: MetadataBlocks | undefined): void {
    this.#isApart = true;
    for (const source of this.#sources.values()) source.restsUntil = 0;
    for (const sender of blocks?.senders() ?? []) {
      const own = blocks?.of(sender);
      const source = this.#sources.get(sender);
      if (!own) continue;
      if (!source) this.#left.set(sender, own);
      else if (source.size === own.size) source.own = own;
    }
    this.#dropShared();
    this.#forgetSpare();
  }

  #forget(peer: PeerKey): void {
    this.cancelAhead(peer);
    this.#sources.delete(peer);
    this.#left.delete(peer);
    for (const [block, asked] of this.#asked) if (asked === peer) this.#asked.delete(block);
    const isNamed = [...this.#sources.values()].some(({ size }) => size === this.#shared?.size);
    if (!isNamed && this.#shared?.keptBytes === 0) this.#dropShared();
  }

  #dropShared(): void {
    this.#shared = undefined;
    this.#asked.clear();
  }

  /** The whole, if it is complete and can be checked now. */
  #check(blocks: MetadataBlocks): Uint8Array | undefined {
    if (this.#checking || !blocks.isComplete) return undefined;
    this.#checking = blocks;
    return blocks.join();
  }

  /** They name different sizes, or another one than those who have sent something and left. */
  #isDisagreed(): boolean {
    const sizes = new Set([...this.#sources.values()].map(({ size }) => size));
    if (this.#shared && this.#shared.keptBytes > 0 && this.#sources.size > 0) sizes.add(this.#shared.size);
    return sizes.size > 1;
  }
}
