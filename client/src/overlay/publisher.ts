import type { Key } from '../../../shared/src/ids.ts';
import { MAX_PUBLISHED_KEYS, PROVIDER_REFRESH_MS, PROVIDER_TTL_MS } from '../../../shared/src/limits/records.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { type MessageId, readMessageId } from './frame-fields.ts';
import type { Holdings } from './holdings.ts';
import { encodePublish, encodeUnpublish } from './record-payloads.ts';
import { removalOf } from './provider-store.ts';
import type { Routing } from './request.ts';
import { ROUTE_KIND } from './route-frame.ts';
import { StoreOperation, type StoreOutcome, type StoreOwner } from './store-operation.ts';
import type { WriteToken } from './write-tokens.ts';

interface Published {
  /** Whoever knows it can take the announcement back. */
  readonly secret: MessageId;
  nextAt: Millis;
}

/** Keeps our own announcements alive until they are taken back. */
export class Publisher {
  readonly #routing: Routing;
  readonly #holdings: Holdings;
  /** BOUNDED: by MAX_PUBLISHED_KEYS. */
  readonly #published = new Map<Key, Published>();

  constructor(routing: Routing, holdings: Holdings) {
    this.#routing = routing;
    this.#holdings = holdings;
  }

  /** Starts to announce `key` and sends the first announcement; undefined when there are too many keys. */
  publish(key: Key, owner: StoreOwner): StoreOperation | undefined {
    if (!this.#published.has(key)) {
      if (this.#published.size >= MAX_PUBLISHED_KEYS) return undefined;
      this.#published.set(key, { secret: this.#newSecret(), nextAt: 0 });
    }
    return this.#announce(key, this.#published.get(key) as Published, owner);
  }

  /** Takes the announcement of `key` back; undefined when there is none. */
  unpublish(key: Key, owner: StoreOwner): StoreOperation | undefined {
    const published = this.#published.get(key);
    if (!published) return undefined;
    this.#published.delete(key);
    const { core } = this.#routing;
    this.#holdings.providers.remove(key, core.self.id, published.secret, core.now);
    this.#holdings.providerCache.drop(key);
    const payload = encodeUnpublish({ key, provider: core.self, secret: published.secret });
    const copy = { kind: ROUTE_KIND.unpublish, key, encode: () => payload, replicas: undefined };
    return new StoreOperation(this.#routing, this.#holdings, copy, true, owner).start();
  }

  /** Announces again what is due. */
  tick(): void {
    const { core, table } = this.#routing;
    if (this.#published.size === 0 || table.linked.length === 0) return;
    for (const [key, published] of this.#published) {
      if (core.now >= published.nextAt) this.#announce(key, published, NOBODY);
    }
  }

  /** Announces everything again at the next tick: the network around us is new. */
  renew(): void {
    for (const published of this.#published.values()) published.nextAt = 0;
  }

  /** Takes everything back: we leave. */
  withdraw(): void {
    for (const key of [...this.#published.keys()]) this.unpublish(key, NOBODY);
  }

  #announce(key: Key, published: Published, owner: StoreOwner): StoreOperation {
    const { core } = this.#routing;
    published.nextAt = core.now + PROVIDER_REFRESH_MS;
    const note = { provider: core.self, ttlSeconds: PROVIDER_TTL_MS / 1000, removal: removalOf(published.secret) };
    const { providers, providerCache, neighbourhood } = this.#holdings;
    providerCache.drop(key);
    const isKept = neighbourhood.isReplica(key) && providers.add(key, note, core.now, undefined) === 'ok';
    const replicas = isKept ? providers.held(key)?.replicas : undefined;
    const encode = (token?: WriteToken): Uint8Array => encodePublish({ key, notes: [note], token });
    const copy = { kind: ROUTE_KIND.publish, key, encode, replicas };
    return new StoreOperation(this.#routing, this.#holdings, copy, isKept, owner).start();
  }

  #newSecret(): MessageId {
    const { rng } = this.#routing.core;
    const bytes = new Uint8Array(8);
    for (let i = 0; i < 8; i++) bytes[i] = rng.nextUint32() & 0xff;
    return readMessageId(bytes, 0);
  }
}

/** For announcements that nobody waits for. */
const NOBODY: StoreOwner = { onStored: (_outcome: StoreOutcome) => undefined };
