import type { NodeId } from '../../../shared/src/ids.ts';
import { BLOCK_BYTES, METADATA_PIPELINE, METADATA_TIMEOUT_MS } from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';

/** One metadata block to ask a peer for. */
export interface MetadataAsk {
  readonly peer: NodeId;
  readonly block: number;
}

interface Asked {
  readonly peer: NodeId;
  readonly at: Millis;
}

interface Source {
  readonly size: number;
  /** Blocks the peer was asked for and has not sent. */
  asked: number;
  /** Asked for no block before: it refused, or let a request run out. */
  restsUntil: Millis;
  /** When it last sent a block that was missing. */
  sentAt: Millis;
  /** Blocks that it was asked for, that are no longer waited for, and that may still come. */
  late: number;
}

/**
 * Puts the info dictionary together from blocks of several peers (BEP 9). Peers that disagree about its size are not
 * mixed: the size of most peers is tried first. When what was put together is wrong, its blocks are asked for again
 * from one contributor alone at a time, so that who lied is certain. A peer with a low upload limit sends each block
 * after its time: what it sends is taken all the same, and what is here is kept while it rests.
 */
export class MetadataFetch {
  /** Peers that have the metadata. BOUNDED: by the peers of the torrent. */
  readonly #sources = new Map<NodeId, Source>();
  #size = 0;
  #blocks: (Uint8Array | undefined)[] = [];
  #senders: (NodeId | undefined)[] = [];
  /** BOUNDED: by the blocks of the metadata. */
  #asked = new Map<number, Asked>();
  #missing = 0;
  /** Contributors to bad metadata, to be tried alone. BOUNDED: by the peers that contributed once. */
  #suspects: NodeId[] = [];
  /** True from completion to the verdict. */
  #isChecking = false;

  /** The peer has metadata of this size. Of one that has said so before, the first word counts. */
  addSource(peer: NodeId, size: number): void {
    if (!this.#sources.has(peer)) {
      this.#sources.set(peer, { size, asked: 0, restsUntil: 0, sentAt: -Infinity, late: 0 });
    }
  }

  removeSource(peer: NodeId): void {
    this.#sources.delete(peer);
    this.#suspects = this.#suspects.filter((suspect) => suspect !== peer);
    for (const [block, asked] of this.#asked) if (asked.peer === peer) this.#asked.delete(block);
    if (this.#size > 0 && ![...this.#sources.values()].some((source) => source.size === this.#size)) this.#restart();
  }

  /** What to ask for now. Call after every change and once a second. */
  next(now: Millis): MetadataAsk[] {
    if (this.#isChecking || this.#sources.size === 0) return [];
    this.#expire(now);
    if (this.#size > 0 && this.#asked.size === 0 && this.#isStuck(now)) this.#restart();
    if (this.#size === 0) this.#begin(now);
    const asks: MetadataAsk[] = [];
    for (const [peer, source] of this.#eligible(now)) {
      for (let block = 0; block < this.#blocks.length && source.asked < METADATA_PIPELINE; block++) {
        if (this.#blocks[block] || this.#asked.has(block)) continue;
        this.#asked.set(block, { peer, at: now });
        source.asked++;
        asks.push({ peer, block });
      }
    }
    return asks;
  }

  /**
   * A block came. False when it was not asked for or has the wrong length; the whole metadata when it is complete. One
   * whose request ran out is taken, too, while it is missing and nobody else is asked for it.
   */
  receive(peer: NodeId, block: number, totalSize: number, bytes: Uint8Array, now: Millis): Uint8Array | boolean {
    const source = this.#sources.get(peer);
    const isAsked = this.#asked.get(block)?.peer === peer;
    if (!source || !(isAsked || source.late > 0)) return false;
    if (!isAsked) source.late--;
    if (!isAsked && !this.#isFree(block, peer, source)) return true;
    if (totalSize !== this.#size || bytes.length !== this.#blockLength(block)) return false;
    if (this.#asked.delete(block)) source.asked--;
    else source.restsUntil = now;
    source.sentAt = now;
    this.#blocks[block] = bytes.slice();
    this.#senders[block] = peer;
    if (--this.#missing > 0) return true;
    this.#isChecking = true;
    return this.#join();
  }

  /** The peer refused a block: it rests, and the others are asked. */
  reject(peer: NodeId, block: number, now: Millis): void {
    if (this.#asked.get(block)?.peer !== peer) return;
    this.#forget(block, now);
  }

  /** What was put together is wrong. Returns the peer that is certain to have lied, if there is one. */
  fail(): NodeId | undefined {
    const contributors = [...new Set(this.#senders.filter((sender) => sender !== undefined))];
    this.#suspects = this.#suspects.filter((suspect) => !contributors.includes(suspect));
    const liar = contributors.length === 1 ? contributors[0] : undefined;
    if (liar === undefined) this.#suspects.push(...contributors.filter((peer) => this.#sources.has(peer)));
    this.#restart();
    return liar;
  }

  /** Peers that may be asked, the suspect alone while there is one. */
  #eligible(now: Millis): [NodeId, Source][] {
    const [suspect] = this.#suspects;
    return [...this.#sources].filter(
      ([peer, source]) =>
        source.size === this.#size && source.restsUntil <= now && (suspect === undefined || peer === suspect),
    );
  }

  /** True when the block is missing, nobody is asked for it, and the peer might be. */
  #isFree(block: number, peer: NodeId, { size }: Source): boolean {
    const isMissing = block < this.#blocks.length && !this.#blocks[block] && !this.#asked.has(block);
    return isMissing && size === this.#size && (this.#suspects[0] ?? peer) === peer;
  }

  /** Another size is to be tried: that of the suspect, or one that can be had while nobody has sent of this for long. */
  #isStuck(now: Millis): boolean {
    const [suspect] = this.#suspects;
    if (suspect !== undefined) return this.#sources.get(suspect)?.size !== this.#size;
    const sources = [...this.#sources.values()];
    const isUseful = ({ size, restsUntil, sentAt }: Source): boolean =>
      size === this.#size && (restsUntil <= now || now - sentAt < METADATA_TIMEOUT_MS);
    return !sources.some(isUseful) && sources.some(({ size, restsUntil }) => size !== this.#size && restsUntil <= now);
  }

  /** Settles the size: that of the suspect to be tried, or else of most peers that may be asked. */
  #begin(now: Millis): void {
    const votes = new Map<number, number>();
    for (const { size, restsUntil } of this.#sources.values()) {
      votes.set(size, (votes.get(size) ?? 0) + (restsUntil <= now ? 1 : 0));
    }
    const [suspect] = this.#suspects;
    const suspected = suspect === undefined ? undefined : this.#sources.get(suspect)?.size;
    this.#size = suspected ?? ([...votes].sort((a, b) => b[1] - a[1])[0]?.[0] as number);
    const count = Math.ceil(this.#size / BLOCK_BYTES);
    this.#blocks = Array.from({ length: count }, () => undefined);
    this.#senders = Array.from({ length: count }, () => undefined);
    this.#missing = count;
  }

  #restart(): void {
    this.#size = 0;
    this.#blocks = [];
    this.#senders = [];
    this.#asked.clear();
    this.#isChecking = false;
    for (const source of this.#sources.values()) {
      source.late += source.asked;
      source.asked = 0;
    }
  }

  #expire(now: Millis): void {
    for (const [block, { peer, at }] of this.#asked) {
      if (now - at < METADATA_TIMEOUT_MS) continue;
      const source = this.#sources.get(peer);
      if (source) source.late++;
      const isSlow = source !== undefined && now - source.sentAt < METADATA_TIMEOUT_MS;
      this.#forget(block, now, isSlow);
    }
  }

  /**
   * Frees a block and lets the peer that did not send it rest. A suspect that does not answer is no longer waited for,
   * unless it is slow: it is the only one to say who lied, and may be honest.
   */
  #forget(block: number, now: Millis, isSlow = false): void {
    const peer = this.#asked.get(block)?.peer;
    this.#asked.delete(block);
    const source = peer === undefined ? undefined : this.#sources.get(peer);
    if (!source) return;
    source.asked--;
    source.restsUntil = now + METADATA_TIMEOUT_MS;
    if (isSlow || peer !== this.#suspects[0]) return;
    this.#suspects.shift();
    this.#restart();
  }

  #blockLength(block: number): number {
    return Math.min(BLOCK_BYTES, this.#size - block * BLOCK_BYTES);
  }

  #join(): Uint8Array {
    const whole = new Uint8Array(this.#size);
    this.#blocks.forEach((block, index) => whole.set(block as Uint8Array, index * BLOCK_BYTES));
    return whole;
  }
}
