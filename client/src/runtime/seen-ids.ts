import type { NodeId } from '../../../shared/src/ids.ts';

/**
 * Remembers ids until they expire, so that each is accepted once. When it is full the oldest id of the same sender goes
 * first, then the sender heard of longest ago: what one peer sends cannot push out what others sent, short of
 * as many identities as there are places.
 */
export class SeenIds {
  readonly #maxIds: number;
  readonly #maxPerSender: number;
  readonly #maxSenders: number;
  /** Sender to id to expiry, both in order of arrival. BOUNDED: by the three limits, oldest out. */
  readonly #senders = new Map<NodeId, Map<string, number>>();
  #size = 0;

  constructor(maxIds: number, maxPerSender: number, maxSenders: number) {
    this.#maxIds = maxIds;
    this.#maxPerSender = maxPerSender;
    this.#maxSenders = maxSenders;
  }

  get size(): number {
    return this.#size;
  }

  /** True when `id` of `sender` is new, which it then no longer is until `expiresAt`. */
  add(sender: NodeId, id: string, expiresAt: number, now: number): boolean {
    const ids = this.#senders.get(sender) ?? new Map<string, number>();
    const until = ids.get(id);
    if (until !== undefined && until > now) return false;
    this.#forgetExpired(ids, now);
    if (!ids.delete(id)) this.#size++;
    ids.set(id, expiresAt);
    this.#senders.delete(sender);
    this.#senders.set(sender, ids);
    if (ids.size > this.#maxPerSender) this.#dropOldest(ids);
    this.#makeRoom(sender);
    return true;
  }

  #forgetExpired(ids: Map<string, number>, now: number): void {
    for (const [id, expiresAt] of ids) {
      if (expiresAt > now) break;
      ids.delete(id);
      this.#size--;
    }
  }

  #makeRoom(newest: NodeId): void {
    for (const [sender, ids] of this.#senders) {
      if (this.#size <= this.#maxIds && this.#senders.size <= this.#maxSenders) return;
      if (sender === newest) continue;
      this.#senders.delete(sender);
      this.#size -= ids.size;
    }
  }

  #dropOldest(ids: Map<string, number>): void {
    for (const id of ids.keys()) {
      ids.delete(id);
      this.#size--;
      return;
    }
  }
}
