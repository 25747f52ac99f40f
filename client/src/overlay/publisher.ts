import type { Key } from '../../../shared/src/ids.ts';
import { MAX_PUBLISHED_KEYS, PROVIDER_REFRESH_MS, PROVIDER_TTL_MS } from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { type MessageId, readMessageId } from './frame-fields.ts';
import { encodePublish, encodeUnpublish } from './payloads.ts';
import { type ProviderStore, removalOf } from './provider-store.ts';
import type { Replication } from './replication.ts';
import type { Routing } from './request.ts';
import { ROUTE_KIND } from './route-frame.ts';
import { StoreOperation, type StoreOutcome, type StoreOwner } from './store-operation.ts';

interface Published {
  /** Whoever knows it can take the announcement back. */
  readonly secret: MessageId;
  nextAt: Millis;
}

/** Keeps our own announcements alive until they are taken back. */
export class Publisher {
  readonly #routing: Routing;
  readonly #providers: ProviderStore;
  readonly #replication: Replication;
  /** BOUNDED: by MAX_PUBLISHED_KEYS. */
  readonly #published = new Map<Key, Published>();

  constructor(routing: Routing, providers: ProviderStore, replication: Replication) {
    this.#routing = routing;
    this.#providers = providers;
    this.#replication = replication;
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
    this.#providers.remove(key, core.self.id, published.secret);
    const payload = encodeUnpublish({ key, provider: core.self, secret: published.secret });
    return new StoreOperation(this.#routing, ROUTE_KIND.unpublish, key, payload, owner).start();
  }

  /** Announces again what is due. */
  tick(): void {
    const { core, table } = this.#routing;
    if (table.linked.length === 0) return;
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
    if (this.#replication.isResponsible(key)) this.#providers.add(key, note, core.now);
    const payload = encodePublish(key, [note]);
    return new StoreOperation(this.#routing, ROUTE_KIND.publish, key, payload, owner).start();
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
