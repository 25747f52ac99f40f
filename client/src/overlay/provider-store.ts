import { BoundedMap } from '../../../shared/src/bounded-map.ts';
import { type Contact, type Key, type NodeId, hashToId } from '../../../shared/src/ids.ts';
import { fromHex, utf8Encode } from '../../../shared/src/bytes.ts';
import {
  MAX_KEYS_PER_PROVIDER,
  MAX_PROVIDERS_PER_KEY,
  MAX_PROVIDER_KEYS,
  MAX_WITHDRAWN,
  PROVIDER_TTL_MS,
} from '../../../shared/src/limits/records.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { type MessageId, readMessageId, writeMessageId } from './frame-fields.ts';
import type { ProviderNote } from './record-payloads.ts';
import type { ReplyStatus } from './reply-frame.ts';

interface HeldProvider {
  readonly provider: Contact;
  readonly removal: MessageId;
  expiresAt: Millis;
}

/** The providers of one key. */
export interface HeldKey {
  readonly key: Key;
  /** By provider and removal hash. BOUNDED: by MAX_PROVIDERS_PER_KEY. */
  readonly providers: Map<string, HeldProvider>;
  /** Peers that acknowledged a copy from us. BOUNDED: by the replicas of the key; cleared when providers are added. */
  readonly replicas: Set<NodeId>;
}

/**
 * Who provides what, as announced. Nobody proves an announcement: a forged one costs its readers a dial that ends in a
 * proof of identity, so it is bounded, not verified. Taking one back needs the secret whose hash it carries.
 */
export class ProviderStore {
  /** BOUNDED: by MAX_PROVIDER_KEYS; further keys are refused until others expire. */
  readonly #keys = new Map<Key, HeldKey>();
  /** Announcements taken back, until they would have expired: a slower replica may still pass them on. */
  readonly #withdrawn = new BoundedMap<string, { readonly secret: MessageId; readonly until: Millis }>(MAX_WITHDRAWN);
  /** Counts changes. */
  version = 0;
  /** Keys per provider. BOUNDED: by the providers held. */
  readonly #perProvider = new Map<NodeId, number>();

  get size(): number {
    return this.#keys.size;
  }

  values(): IterableIterator<HeldKey> {
    return this.#keys.values();
  }

  add(key: Key, note: ProviderNote, now: Millis): ReplyStatus {
    const { id } = note.provider;
    const expiresAt = now + 1000 * note.ttlSeconds;
    if (this.withdrawalOf(key, note, now) !== undefined) return 'ok';
    const held = this.#keys.get(key);
    const known = held?.providers.get(id + note.removal);
    if (known) {
      known.expiresAt = Math.max(known.expiresAt, expiresAt);
      return 'ok';
    }
    const isFull = held ? held.providers.size >= MAX_PROVIDERS_PER_KEY : this.#keys.size >= MAX_PROVIDER_KEYS;
    if (isFull || (this.#perProvider.get(id) ?? 0) >= MAX_KEYS_PER_PROVIDER) return 'quota';
    const place = held ?? { key, providers: new Map(), replicas: new Set() };
    this.#keys.set(key, place);
    place.providers.set(id + note.removal, { provider: note.provider, removal: note.removal, expiresAt });
    place.replicas.clear();
    this.version++;
    this.#perProvider.set(id, (this.#perProvider.get(id) ?? 0) + 1);
    return 'ok';
  }

  /** Takes a provider away when `secret` is the one its announcement committed to. */
  remove(key: Key, provider: NodeId, secret: MessageId, now: Millis): void {
    const held = this.#keys.get(key);
    const name = provider + removalOf(secret);
    this.#withdrawn.set(key + name, { secret, until: now + PROVIDER_TTL_MS });
    if (held) this.#delete(held, name);
  }

  /** The secret with which an announcement was taken back here, if it was. */
  withdrawalOf(key: Key, { provider, removal }: ProviderNote, now: Millis): MessageId | undefined {
    const withdrawn = this.#withdrawn.get(key + provider.id + removal);
    return withdrawn && withdrawn.until > now ? withdrawn.secret : undefined;
  }

  /** Takes a peer that was seen dying out of every key, and out of the replicas. */
  dropPeer(id: NodeId): void {
    for (const held of this.#keys.values()) {
      held.replicas.delete(id);
      if (!this.#perProvider.has(id)) continue;
      for (const [name, { provider }] of held.providers) if (provider.id === id) this.#delete(held, name);
    }
  }

  /** The live providers of `key`, each once. */
  get(key: Key, now: Millis): Contact[] {
    const found = new Map<NodeId, Contact>();
    for (const { provider, expiresAt } of this.#keys.get(key)?.providers.values() ?? []) {
      if (expiresAt > now) found.set(provider.id, provider);
    }
    return [...found.values()];
  }

  /** The announcements of `key` as they are passed on. */
  notes(held: HeldKey, now: Millis): ProviderNote[] {
    const notes: ProviderNote[] = [];
    for (const { provider, removal, expiresAt } of held.providers.values()) {
      const ttlSeconds = Math.floor((expiresAt - now) / 1000);
      if (ttlSeconds > 0) notes.push({ provider, removal, ttlSeconds });
    }
    return notes;
  }

  /** A hash over who is announced, whenever that ends: the same at replicas that know the same. [0 .. 2^48) */
  versionOf(held: HeldKey, now: Millis): number {
    const names: string[] = [];
    for (const [name, { expiresAt }] of held.providers) if (expiresAt > now) names.push(name);
    return Number.parseInt(hashToId(utf8Encode(names.sort().join())).slice(0, 12), 16);
  }

  held(key: Key): HeldKey | undefined {
    return this.#keys.get(key);
  }

  expire(now: Millis): void {
    for (const held of this.#keys.values()) {
      for (const [name, { expiresAt }] of held.providers) if (expiresAt <= now) this.#delete(held, name);
    }
  }

  #delete(held: HeldKey, name: string): void {
    const gone = held.providers.get(name);
    if (!gone) return;
    held.providers.delete(name);
    this.version++;
    if (held.providers.size === 0) this.#keys.delete(held.key);
    const left = (this.#perProvider.get(gone.provider.id) ?? 1) - 1;
    if (left > 0) this.#perProvider.set(gone.provider.id, left);
    else this.#perProvider.delete(gone.provider.id);
  }
}

/** What an announcement carries of `secret`: the first 8 bytes of its hash. */
export function removalOf(secret: MessageId): MessageId {
  const bytes = new Uint8Array(8);
  writeMessageId(bytes, 0, secret);
  return readMessageId(fromHex(hashToId(bytes)) as Uint8Array, 0);
}
