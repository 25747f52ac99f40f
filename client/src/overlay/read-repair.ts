import type { NodeId } from '../../../shared/src/ids.ts';
import { QUESTION_TIMEOUT_MS } from '../../../shared/src/limits/overlay.ts';
import type { Forwarder } from './forwarder.ts';
import { encodeStore } from './record-payloads.ts';
import { isSuccessor } from './record-store.ts';
import { ROUTE_EXACT, ROUTE_KIND, ROUTE_REPLICA } from './route-frame.ts';
import type { SignedRecord } from './types.ts';
import type { WriteToken } from './write-tokens.ts';

/** What one holder answered to a read. */
export interface HolderAnswer {
  readonly id: NodeId;
  readonly record: SignedRecord | undefined;
  readonly token: WriteToken | undefined;
}

/** Sends the newest version to those that answered with an older one or none. */
export function repair(forwarder: Forwarder, newest: SignedRecord, answers: readonly HolderAnswer[]): void {
  for (const { id, record, token } of answers) {
    if (record && !isSuccessor(newest, record)) continue;
    const payload = encodeStore({ options: { token }, record: newest });
    const flags = ROUTE_EXACT | ROUTE_REPLICA;
    const message = { kind: ROUTE_KIND.store, flags, target: id, via: [], payload, lifetimeMs: QUESTION_TIMEOUT_MS };
    forwarder.originate(message, [], undefined);
  }
}
