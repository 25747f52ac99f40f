import type { Key } from '../../../shared/src/ids.ts';
import { BoundedMap } from '../../../shared/src/bounded-map.ts';
import {
  MAX_PUBLISHED_KEYS,
  PROVIDER_REFRESH_MS,
  PROVIDER_TTL_MS,
  ANNOUNCEMENT_RETRY_MS,
} from '../../../shared/src/limits/records.ts';
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
  /** Others may hold it. */
  wasSent: boolean;
}

/** An announcement taken back that too few replicas have dropped so far. */
interface Withdrawal {
  readonly key: Key;
  /** It has ended by itself by then, wherever it is held. */
  readonly until: Millis;
  nextAt: Millis;
}

/** Keeps our own announcements alive until they are taken back, and takes them back until most replicas have dropped them. */
export class Publisher {
  readonly #routing: Routing;
  readonly #holdings: Holdings;
  /** BOUNDED: by MAX_PUBLISHED_KEYS. */
  readonly #published = new Map<Key, Published>();
  /** By secret: a key may be announced anew meanwhile. */
  readonly #withdrawals = new BoundedMap<MessageId, Withdrawal>(MAX_PUBLISHED_KEYS);

  constructor(routing: Routing, holdings: Holdings) {
    this.#routing = routing;
    this.#holdings = holdings;
  }

  /** Starts to announce `key` and sends the first announcement; undefined when there are too many keys. */
  publish(key: Key, owner: StoreOwner): StoreOperation | undefined {
    if (!this.#published.has(key)) {
      if (this.#published.size >= MAX_PUBLISHED_KEYS) return undefined;
      this.#published.set(key, { secret: this.#newSecret(), nextAt: 0, wasSent: false });
    }
    return this.#announce(key, this.#published.get(key) as Published, owner);
  }

  /** Takes the announcements of `key` back that may be held: none, or that and former ones that were not dropped. */
  unpublish(key: Key, owner: StoreOwner): StoreOperation[] {
    const { core, table } = this.#routing;
    const published = this.#published.get(key);
    if (published && this.#published.delete(key)) {
      if (published.wasSent || table.linked.length > 0)
        this.#withdrawals.set(published.secret, { key, until: core.now + PROVIDER_TTL_MS, nextAt: 0 });
      this.#holdings.providers.remove(key, core.self.id, published.secret, core.now);
      this.#holdings.providerCache.drop(key);
    }
    return [...this.#withdrawals.entries()]
      .filter(([, withdrawal]) => withdrawal.key === key)
      .map(([secret, withdrawal]) => this.#withdraw(secret, withdrawal, owner));
  }

  /** Announces again, and takes back again, what is due. */
  tick(): void {
    const { core, table } = this.#routing;
    if (table.linked.length === 0) return;
    for (const [key, published] of this.#published) {
      if (core.now >= published.nextAt) this.#announce(key, published, NOBODY);
    }
    for (const [secret, withdrawal] of this.#withdrawals.entries()) {
      if (core.now >= withdrawal.until) this.#withdrawals.delete(secret);
      else if (core.now >= withdrawal.nextAt) this.#withdraw(secret, withdrawal, NOBODY);
    }
  }

  /** Announces everything again at the next tick: the network around us is new. */
  renew(): void {
    for (const published of this.#published.values()) published.nextAt = 0;
  }

  /** Takes everything back: we leave. */
  withdraw(): void {
    const open = Array.from(this.#withdrawals.entries(), ([, { key }]) => key);
    for (const key of new Set([...this.#published.keys(), ...open])) this.unpublish(key, NOBODY);
  }

  #withdraw(secret: MessageId, withdrawal: Withdrawal, owner: StoreOwner): StoreOperation {
    const { core } = this.#routing;
    const { key } = withdrawal;
    withdrawal.nextAt = core.now + ANNOUNCEMENT_RETRY_MS;
    const payload = encodeUnpublish({ key, provider: core.self, secret });
    const copy = { kind: ROUTE_KIND.unpublish, key, encode: () => payload, replicas: undefined };
    const onStored = (outcome: StoreOutcome): void => {
      if (outcome.kind === 'stored') this.#withdrawals.delete(secret);
      owner.onStored(outcome);
    };
    return new StoreOperation(this.#routing, this.#holdings, copy, true, { onStored }).start();
  }

  #announce(key: Key, published: Published, owner: StoreOwner): StoreOperation {
    const { core, table } = this.#routing;
    published.nextAt = core.now + PROVIDER_REFRESH_MS;
    published.wasSent ||= table.linked.length > 0;
    const note = { provider: core.self, ttlSeconds: PROVIDER_TTL_MS / 1000, removal: removalOf(published.secret) };
    const { providers, providerCache, neighbourhood } = this.#holdings;
    providerCache.drop(key);
    const isKept = neighbourhood.isReplica(key) && providers.add(key, note, core.now, undefined) === 'ok';
    const replicas = isKept ? providers.held(key)?.replicas : undefined;
    const encode = (token?: WriteToken): Uint8Array => encodePublish({ key, notes: [note], token });
    const copy = { kind: ROUTE_KIND.publish, key, encode, replicas };
    const onStored = (outcome: StoreOutcome): void => {
      if (outcome.kind !== 'stored') published.nextAt = Math.min(published.nextAt, core.now + ANNOUNCEMENT_RETRY_MS);
      owner.onStored(outcome);
    };
    return new StoreOperation(this.#routing, this.#holdings, copy, isKept, { onStored }).start();
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
