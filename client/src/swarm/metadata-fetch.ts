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
  /** Blocks it is not asked for before: it refused, or let a request run out. */
  restsUntil: Millis;
}

/**
 * Puts the info dictionary together from blocks of several peers (BEP 9). Peers that disagree about its size are not
 * mixed: the size of most peers is tried first. When what was put together is wrong, its blocks are asked for again
 * from one contributor alone at a time, so that who lied is certain.
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
    if (!this.#sources.has(peer)) this.#sources.set(peer, { size, asked: 0, restsUntil: 0 });
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
    if (this.#size > 0 && this.#asked.size === 0 && this.#eligible(now).length === 0) this.#restart();
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

  /** A block came. False when it was not asked for or has the wrong length; the whole metadata when it is complete. */
  receive(peer: NodeId, block: number, totalSize: number, bytes: Uint8Array): Uint8Array | boolean {
    const source = this.#sources.get(peer);
    if (!source || this.#asked.get(block)?.peer !== peer) return false;
    if (totalSize !== this.#size || bytes.length !== this.#blockLength(block)) return false;
    this.#asked.delete(block);
    source.asked--;
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
    for (const source of this.#sources.values()) source.asked = 0;
  }

  #expire(now: Millis): void {
    for (const [block, asked] of this.#asked) if (now - asked.at >= METADATA_TIMEOUT_MS) this.#forget(block, now);
  }

  /** Frees a block and lets the peer that did not send it rest. A suspect that does not answer is no longer waited for. */
  #forget(block: number, now: Millis): void {
    const peer = this.#asked.get(block)?.peer;
    this.#asked.delete(block);
    const source = peer === undefined ? undefined : this.#sources.get(peer);
    if (!source) return;
    source.asked--;
    source.restsUntil = now + METADATA_TIMEOUT_MS;
    if (peer !== this.#suspects[0]) return;
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
