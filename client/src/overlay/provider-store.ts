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
import { type Bringer, type Brought, crowdedOut, farthestSpare } from './shares.ts';

interface HeldProvider extends Brought {
  readonly key: Key;
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

/** An announcement taken back. */
interface Withdrawal {
  readonly secret: MessageId;
  readonly until: Millis;
}

/** A key as part of the share of whoever announced it first. */
interface KeyShare extends Brought {
  readonly held: HeldKey;
}

/**
 * Who provides what, as announced. Nobody proves an announcement: a forged one costs its readers a dial that ends in a
 * proof of identity, so it is bounded, not verified. Where a bound is reached a key that is not ours to keep gives way to
 * a nearer one, and what a neighbour brought beyond a fair share to what others bring: nobody fills it for all. Taking an
 * announcement back needs the secret whose hash it carries.
 */
export class ProviderStore {
  readonly #self: NodeId;
  readonly #isReplica: (key: Key) => boolean;
  /** Oldest first. BOUNDED: by MAX_PROVIDER_KEYS. */
  readonly #keys = new Map<Key, HeldKey>();
  /** Announcements taken back, until they would have expired: a slower replica may still pass them on. */
  readonly #withdrawn = new BoundedMap<string, Withdrawal>(MAX_WITHDRAWN);
  /** The same of announcements that never came here: nothing proves them, so they displace none of the others. */
  readonly #unheard = new BoundedMap<string, Withdrawal>(MAX_WITHDRAWN);
  /** Counts changes. */
  version = 0;
  /** Announcements by provider, oldest first. BOUNDED: by the providers held, and MAX_KEYS_PER_PROVIDER of each. */
  readonly #perProvider = new Map<NodeId, Set<HeldProvider>>();

  /** `isReplica`: whether a key must be kept while it has providers. */
  constructor(self: NodeId, isReplica: (key: Key) => boolean) {
    this.#self = self;
    this.#isReplica = isReplica;
  }

  get size(): number {
    return this.#keys.size;
  }

  values(): IterableIterator<HeldKey> {
    return this.#keys.values();
  }

  /** `from`: who answers for it; undefined: ourselves. */
  add(key: Key, note: ProviderNote, now: Millis, from: Bringer | undefined): ReplyStatus {
    const { provider, removal } = note;
    const expiresAt = now + 1000 * note.ttlSeconds;
    if (this.withdrawalOf(key, note, now) !== undefined) return 'ok';
    const known = this.#keys.get(key)?.providers.get(nameOf(note));
    if (known) {
      known.expiresAt = Math.max(known.expiresAt, expiresAt);
      return 'ok';
    }
    if (!this.#makeRoom(key, provider.id, from)) return 'quota';
    const place = this.#keys.get(key) ?? {
      key,
      providers: new Map<string, HeldProvider>(),
      replicas: new Set<NodeId>(),
    };
    const announcement = { key, provider, removal, expiresAt, from };
    const ofProvider = this.#perProvider.get(provider.id) ?? new Set();
    this.#keys.set(key, place);
    this.#perProvider.set(provider.id, ofProvider.add(announcement));
    place.providers.set(nameOf(note), announcement);
    place.replicas.clear();
    this.version++;
    return 'ok';
  }

  /** Gives up what a newcomer may displace; false, and nothing is, when a bound is in its way. */
  #makeRoom(key: Key, provider: NodeId, from: Bringer | undefined): boolean {
    const held = this.#keys.get(key)?.providers;
    const ofProvider = this.#perProvider.get(provider);
    const gone: (HeldProvider | undefined)[] = [];
    if (ofProvider && ofProvider.size >= MAX_KEYS_PER_PROVIDER) gone.push(crowdedOut([...ofProvider], from));
    if (held && held.size >= MAX_PROVIDERS_PER_KEY) gone.push(crowdedOut([...held.values()], from));
    if (!held && this.#keys.size >= MAX_PROVIDER_KEYS)
      gone.push(...(this.#evictable(key, from)?.providers.values() ?? [undefined]));
    if (gone.includes(undefined)) return false;
    for (const announcement of gone) if (announcement) this.#delete(announcement);
    return true;
  }

  /** A key counts for whoever announced it first; one that others announce too goes last, or a flood could name what is lost. */
  #evictable(key: Key, from: Bringer | undefined): HeldKey | undefined {
    const spare = farthestSpare(this.#self, this.#keys.keys(), key, this.#isReplica);
    if (spare !== undefined) return this.#keys.get(spare);
    const alone: KeyShare[] = [];
    const shared: KeyShare[] = [];
    for (const held of this.#keys.values()) {
      const [first] = held.providers.values();
      const isShared =
        held.providers.size > 1 && [...held.providers.values()].some((each) => each.from !== first?.from);
      (isShared ? shared : alone).push({ held, from: first?.from });
    }
    return crowdedOut([...shared, ...alone], from)?.held;
  }

  /** True when `secret` takes back something that is held. */
  isSecretOf(key: Key, provider: NodeId, secret: MessageId): boolean {
    return this.#keys.get(key)?.providers.has(provider + removalOf(secret)) === true;
  }

  /** Takes a provider away when `secret` is the one its announcement committed to. */
  remove(key: Key, provider: NodeId, secret: MessageId, now: Millis): void {
    const name = provider + removalOf(secret);
    const announcement = this.#keys.get(key)?.providers.get(name);
    const isKnown = announcement !== undefined || this.#withdrawn.has(key + name);
    (isKnown ? this.#withdrawn : this.#unheard).set(key + name, { secret, until: now + PROVIDER_TTL_MS });
    if (announcement) this.#delete(announcement);
  }

  /** The secret with which an announcement was taken back here, if it was. */
  withdrawalOf(key: Key, note: ProviderNote, now: Millis): MessageId | undefined {
    const name = key + nameOf(note);
    const withdrawn = this.#withdrawn.get(name) ?? this.#unheard.get(name);
    return withdrawn && withdrawn.until > now ? withdrawn.secret : undefined;
  }

  /** Takes a peer that was seen dying out of every key, and out of the replicas. */
  dropPeer(id: NodeId): void {
    for (const { replicas } of this.#keys.values()) replicas.delete(id);
    for (const announcement of this.#perProvider.get(id) ?? []) this.#delete(announcement);
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
      for (const announcement of held.providers.values()) if (announcement.expiresAt <= now) this.#delete(announcement);
    }
  }

  #delete(announcement: HeldProvider): void {
    const { key, provider } = announcement;
    const held = this.#keys.get(key);
    if (!held?.providers.delete(nameOf(announcement))) return;
    this.version++;
    if (held.providers.size === 0) this.#keys.delete(key);
    const ofProvider = this.#perProvider.get(provider.id);
    if (ofProvider?.delete(announcement) && ofProvider.size === 0) this.#perProvider.delete(provider.id);
  }
}

/** Under which a key holds it. */
function nameOf({ provider, removal }: Pick<ProviderNote, 'provider' | 'removal'>): string {
  return provider.id + removal;
}

/** What an announcement carries of `secret`: the first 8 bytes of its hash. */
export function removalOf(secret: MessageId): MessageId {
  const bytes = new Uint8Array(8);
  writeMessageId(bytes, 0, secret);
  return readMessageId(fromHex(hashToId(bytes)) as Uint8Array, 0);
}
