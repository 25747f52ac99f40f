import * as v from 'valibot';
import { CONTACT_BYTES, type Contact } from '../ids.ts';
import { CHALLENGE_BYTES, MAX_INTRODUCTIONS, MAX_SIGNAL_BYTES, MAX_TRACKER_PEERS } from '../limits/signaling.ts';
import { type Result, err, ok } from '../result.ts';
import { decodeContacts } from './contacts.ts';
import {
  type AnnounceAnswer,
  type Challenge,
  type ErrorNotice,
  type RelayedSignal,
  SIGNALING_ERROR_CODES,
  type SignalingErrorCode,
} from './events.ts';
import { type PayloadFault, bytesField, decodeWith, idField } from './fields.ts';

/** Bounds on the interval a tracker may ask for. [ms] Below, it would make us flood it; above, we would be forgotten. */
const MIN_INTERVAL_MS = 5_000;
const MAX_INTERVAL_MS = 3_600_000;

/** Longest event name that a notice may quote. [characters] */
const MAX_EVENT_NAME_LENGTH = 64;

const code = v.picklist(SIGNALING_ERROR_CODES);

const refusal = v.object({ ok: v.literal(false), code });

const challenge = v.object({
  version: v.pipe(v.number(), v.integer(), v.minValue(0)),
  nonce: bytesField(CHALLENGE_BYTES, CHALLENGE_BYTES),
  wallNow: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(2 ** 48 - 1))),
});

const relayed = v.object({ from: idField(), sealed: bytesField(1, MAX_SIGNAL_BYTES) });

const notice = v.object({ code, event: v.optional(v.pipe(v.string(), v.maxLength(MAX_EVENT_NAME_LENGTH))) });

const done = v.object({ ok: v.literal(true) });

const introduced = v.object({ ok: v.literal(true), introductions: bytesField(0, MAX_INTRODUCTIONS * CONTACT_BYTES) });

const announced = v.object({
  ok: v.literal(true),
  peers: bytesField(0, MAX_TRACKER_PEERS * CONTACT_BYTES),
  intervalMs: v.pipe(v.number(), v.minValue(MIN_INTERVAL_MS), v.maxValue(MAX_INTERVAL_MS)),
});

export function decodeChallenge(value: unknown): Result<Challenge, PayloadFault> {
  return decodeWith(challenge, value);
}

export function decodeRelayedSignal(value: unknown): Result<RelayedSignal, PayloadFault> {
  return decodeWith(relayed, value);
}

export function decodeErrorNotice(value: unknown): Result<ErrorNotice, PayloadFault> {
  const decoded = decodeWith(notice, value);
  if (!decoded.ok) return decoded;
  const { code: reason, event } = decoded.value;
  return ok(event === undefined ? { code: reason } : { code: reason, event });
}

/** The answer to `join` and to `introductions`: contacts, or the code of the refusal. */
export function decodeIntroductions(value: unknown): Result<readonly Contact[], SignalingErrorCode> {
  const decoded = decodeWith(introduced, value);
  if (!decoded.ok) return err(refusalCode(value));
  const contacts = decodeContacts(decoded.value.introductions);
  return contacts ? ok(contacts) : err('malformed');
}

/** The answer to `announce`. */
export function decodeAnnounced(value: unknown): Result<AnnounceAnswer, SignalingErrorCode> {
  const decoded = decodeWith(announced, value);
  if (!decoded.ok) return err(refusalCode(value));
  const peers = decodeContacts(decoded.value.peers);
  return peers ? ok({ peers, intervalMs: decoded.value.intervalMs }) : err('malformed');
}

/** The answer to `signal` and to `leave`: done, or the code of the refusal. */
export function decodeDone(value: unknown): Result<true, SignalingErrorCode> {
  return decodeWith(done, value).ok ? ok(true) : err(refusalCode(value));
}

function refusalCode(value: unknown): SignalingErrorCode {
  const decoded = decodeWith(refusal, value);
  return decoded.ok ? decoded.value.code : 'malformed';
}
