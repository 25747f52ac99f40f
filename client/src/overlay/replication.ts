import { QUESTION_TIMEOUT_MS } from '../../../shared/src/limits/overlay.ts';
import { MAX_HANDED_OVER, REPLICATION } from '../../../shared/src/limits/records.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { encodePublish, encodeStore } from './record-payloads.ts';
import type { HeldKey, ProviderStore } from './provider-store.ts';
import type { HeldRecord, RecordStore } from './record-store.ts';
import type { Routing } from './request.ts';
import { ROUTE_EXACT, ROUTE_KIND, ROUTE_REPLICA } from './route-frame.ts';
import type { Copy } from './spread.ts';
import type { WriteToken } from './write-tokens.ts';

/** How many peers get what a leaving peer held. [peers] The other replicas are still there, and compare soon. */
const HEIRS = 1;

/** A held record as it is sent to other replicas. `expectedSequence`: of a put, which all of them judge alike. */
export function recordCopy({ record, replicas }: HeldRecord, expectedSequence?: number): Copy {
  const encode = (token?: WriteToken): Uint8Array => encodeStore({ options: { token, expectedSequence }, record });
  const isConditional = expectedSequence !== undefined;
  return { kind: ROUTE_KIND.store, key: record.key, encode, replicas, isConditional };
}

/** The announcements of a key as one copy; undefined when none is left. */
export function providerCopy(providers: ProviderStore, held: HeldKey, now: Millis): Copy | undefined {
  const { key, replicas } = held;
  const notes = providers.notes(held, now);
  if (notes.length === 0) return undefined;
  const encode = (token?: WriteToken): Uint8Array => encodePublish({ key, notes, token });
  return { kind: ROUTE_KIND.publish, key, encode, replicas };
}

/**
 * Gives what is held to those linked peers who take our place, as far as we know that they lack it: the farthest of the
 * closest, for the others are replicas already. We leave; copies for reads stay behind.
 */
export function handOver({ core, table, forwarder }: Routing, records: RecordStore, providers: ProviderStore): void {
  let left = MAX_HANDED_OVER;
  for (const { kind, key, encode, replicas } of copiesOf(records, providers, core.now)) {
    const closest = table.closest(key, REPLICATION, { isLinkedOnly: true }).map(({ contact }) => contact.id);
    for (const target of closest.filter((id) => !replicas?.has(id)).slice(-HEIRS)) {
      if (left-- === 0) return;
      const flags = ROUTE_EXACT | ROUTE_REPLICA;
      const message = { kind, flags, target, via: [], payload: encode(), lifetimeMs: QUESTION_TIMEOUT_MS };
      forwarder.originate(message, [], undefined);
    }
  }
}

function copiesOf(records: RecordStore, providers: ProviderStore, now: Millis): Copy[] {
  const announcements = Array.from(providers.values(), (held) => providerCopy(providers, held, now));
  return [
    ...Array.from(records.values(), (held) => recordCopy(held)),
    ...announcements.filter((copy) => copy !== undefined),
  ];
}
