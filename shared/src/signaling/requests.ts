import * as v from 'valibot';
import { KEY_BYTES } from '../ids.ts';
import { MAX_SIGNAL_BYTES, SIGNATURE_BYTES } from '../limits/signaling.ts';
import type { Result } from '../result.ts';
import type { AnnounceRequest, JoinRequest, LeaveRequest, SignalRequest } from './events.ts';
import { type PayloadFault, bytesField, decodeWith, idField } from './fields.ts';

const join = v.object({
  publicKey: bytesField(KEY_BYTES, KEY_BYTES),
  signature: bytesField(SIGNATURE_BYTES, SIGNATURE_BYTES),
});

const introductions = v.object({});

const signal = v.object({ to: idField(), sealed: bytesField(1, MAX_SIGNAL_BYTES) });

const announce = v.object({ infoHash: idField(), event: v.picklist(['started', 'completed', 'update']) });

const leave = v.object({ infoHash: idField() });

/** What clients ask, decoded by the server. Fields it does not know are dropped, so that later versions may add some. */
export const decodeRequest = {
  join: (value: unknown): Result<JoinRequest, PayloadFault> => decodeWith(join, value),
  introductions: (value: unknown): Result<object, PayloadFault> => decodeWith(introductions, value),
  signal: (value: unknown): Result<SignalRequest, PayloadFault> => decodeWith(signal, value),
  announce: (value: unknown): Result<AnnounceRequest, PayloadFault> => decodeWith(announce, value),
  leave: (value: unknown): Result<LeaveRequest, PayloadFault> => decodeWith(leave, value),
} as const;
