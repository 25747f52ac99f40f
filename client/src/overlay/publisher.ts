import type { Key } from '../../../shared/src/ids.ts';
import { BoundedMap } from '../../../shared/src/bounded-map.ts';
import {
  ANNOUNCEMENTS_PER_SECOND,
  ANNOUNCEMENT_BURST,
  ANNOUNCEMENT_RETRY_MS,
  MAX_PUBLISHED_KEYS,
  PROVIDER_REFRESH_MS,
  PROVIDER_TTL_MS,
} from '../../../shared/src/limits/records.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { Allowance } from './admission.ts';
import { type MessageId, newMessageId } from './frame-fields.ts';
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
  /** Whoever wants to hear of the next announcement. BOUNDED: by MAX_OPERATIONS. */
  readonly waiting: Set<StoreOwner>;
}

/** An announcement taken back that too few replicas have dropped so far. */
interface Withdrawal {
  readonly key: Key;
  /** It has ended by itself by then, wherever it is held. */
  readonly until: Millis;
  nextAt: Millis;
}

/**
 * Keeps our own announcements alive until they are taken back, and takes them back until most replicas have dropped them.
 * Neighbours refuse what comes too fast, and say so to nobody: announcements of many keys go out one after the other.
 */
export class Publisher {
  readonly #routing: Routing;
  readonly #holdings: Holdings;
  /** BOUNDED: by MAX_PUBLISHED_KEYS. */
  readonly #published = new Map<Key, Published>();
  /** By secret: a key may be announced anew meanwhile. */
  readonly #withdrawals = new BoundedMap<MessageId, Withdrawal>(MAX_PUBLISHED_KEYS);
  readonly #pace = new Allowance(ANNOUNCEMENT_BURST, ANNOUNCEMENTS_PER_SECOND, 0);

  constructor(routing: Routing, holdings: Holdings) {
    this.#routing = routing;
    this.#holdings = holdings;
  }

  /** Starts to announce `key`, at once or as soon as its turn comes; undefined when there are too many keys. */
  publish(key: Key, owner: StoreOwner): Pick<StoreOperation, 'cancel'> | undefined {
    const { core, table } = this.#routing;
    const known = this.#published.get(key);
    if (!known && this.#published.size >= MAX_PUBLISHED_KEYS) return undefined;
    const published = known ?? {
      secret: newMessageId(core.rng),
      nextAt: 0,
      wasSent: false,
      waiting: new Set<StoreOwner>(),
    };
    this.#published.set(key, published);
    if (table.linked.length === 0 || this.#pace.take(core.now)) return this.#announce(key, published, owner);
    published.nextAt = core.now;
    published.waiting.add(owner);
    return { cancel: () => published.waiting.delete(owner) };
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
      tell(published, { kind: 'lost', why: 'timeout' });
    }
    return [...this.#withdrawals.entries()]
      .filter(([, withdrawal]) => withdrawal.key === key)
      .map(([secret, withdrawal]) => this.#withdraw(secret, withdrawal, owner));
  }

  /** Announces again, and takes back again, what is due; the newest first, which people are about to hand out. */
  tick(): void {
    const { core, table } = this.#routing;
    if (table.linked.length === 0) {
      for (const published of this.#published.values()) tell(published, { kind: 'lost', why: 'no-links' });
      return;
    }
    for (const [key, published] of [...this.#published].reverse()) {
      if (core.now < published.nextAt) continue;
      if (!this.#pace.take(core.now)) break;
      const owners = new Set(published.waiting);
      published.waiting.clear();
      this.#announce(key, published, { onStored: (outcome) => owners.forEach((owner) => owner.onStored(outcome)) });
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

  /** Whoever holds our announcements has counted what our clock did not. */
  onSlept(forMs: Millis): void {
    for (const published of this.#published.values()) published.nextAt -= forMs;
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
    published.nextAt = this.#after(PROVIDER_REFRESH_MS);
    published.wasSent ||= table.linked.length > 0;
    const note = { provider: core.self, ttlSeconds: PROVIDER_TTL_MS / 1000, removal: removalOf(published.secret) };
    const { providers, providerCache, neighbourhood } = this.#holdings;
    providerCache.drop(key);
    const isKept = neighbourhood.isReplica(key) && providers.add(key, note, core.now, undefined) === 'ok';
    const replicas = isKept ? providers.held(key)?.replicas : undefined;
    const encode = (token?: WriteToken): Uint8Array => encodePublish({ key, notes: [note], token });
    const copy = { kind: ROUTE_KIND.publish, key, encode, replicas };
    const onStored = (outcome: StoreOutcome): void => {
      if (outcome.kind !== 'stored') published.nextAt = Math.min(published.nextAt, this.#after(ANNOUNCEMENT_RETRY_MS));
      owner.onStored(outcome);
    };
    return new StoreOperation(this.#routing, this.#holdings, copy, isKept, { onStored }).start();
  }

  /** So much later; without a link, when nobody but us can have heard, as soon as there is one. */
  #after(ms: Millis): Millis {
    const { core, table } = this.#routing;
    return table.linked.length > 0 ? core.now + ms : core.now;
  }
}

/** Nobody waits any longer for the next announcement. */
function tell(published: Published, outcome: StoreOutcome): void {
  const owners = [...published.waiting];
  published.waiting.clear();
  for (const owner of owners) owner.onStored(outcome);
}

/** For what nobody waits for. */
const NOBODY: StoreOwner = { onStored: (_outcome: StoreOutcome) => undefined };
