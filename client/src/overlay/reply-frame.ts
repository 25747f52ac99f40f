import { ID_BYTES, type NodeId } from '../../../shared/src/ids.ts';
import { OVERLAY_FRAME } from '../../../shared/src/limits/links.ts';
import { MAX_FRAME_BYTES, MAX_FRAME_CONTACTS, MAX_PATH, SAMPLES_PER_HOP } from '../../../shared/src/limits/overlay.ts';
import type { ContactCache } from './contact-cache.ts';
import {
  AGED_CONTACT_BYTES,
  type AgedContact,
  MESSAGE_ID_BYTES,
  type MessageId,
  readAgedContacts,
  readId,
  readMessageId,
  setU16,
  u16At,
  writeAgedContact,
  writeId,
  writeMessageId,
} from './frame-fields.ts';
import { newFrame } from './frame-memory.ts';
import { FRAME } from './link-frames.ts';

/**
 * How the end of a route answers. `refused`: not ours to keep. `invalid`: it does not decode. `full`: too much to do. The
 * further ones say what is wrong with a store, as BEP 44 does: 301 cas-mismatch, 302 stale-sequence, 205 too-large, 206
 * bad-signature, 203 expired, wrong-key and bad-token; `quota` is ours.
 */
export type ReplyStatus = (typeof STATUSES)[number];

const STATUSES = [
  'ok',
  'refused',
  'invalid',
  'full',
  'cas-mismatch',
  'stale-sequence',
  'too-large',
  'bad-signature',
  'expired',
  'wrong-key',
  'quota',
  'bad-token',
] as const;

/** What one hop adds to a reply that passes it. */
export interface HopRecord {
  readonly id: NodeId;
  /** At most SAMPLES_PER_HOP. */
  readonly samples: readonly AgedContact[];
}

/** A reply on its way back. */
export interface ReplyFrame {
  readonly id: MessageId;
  readonly status: ReplyStatus;
  /** Hops that the question took. */
  readonly hops: number;
  readonly payload: Uint8Array;
  /** The closest peers to the target that the answering peer knows, nearest first. */
  readonly closest: readonly AgedContact[];
  /** The answering peer first, then every hop back. At most MAX_PATH. */
  readonly trail: readonly HopRecord[];
}

const PAYLOAD_AT = 2 + MESSAGE_ID_BYTES + 4;

export function encodeReply({ id, status, hops, payload, closest, trail }: ReplyFrame): Uint8Array {
  const trailBytes = trail.reduce((sum, hop) => sum + hopBytes(hop), 0);
  const closestAt = PAYLOAD_AT + payload.length;
  const bytes = newFrame(closestAt + 1 + closest.length * AGED_CONTACT_BYTES + trailBytes);
  bytes[0] = OVERLAY_FRAME;
  bytes[1] = FRAME.reply;
  writeMessageId(bytes, 2, id);
  bytes[10] = STATUSES.indexOf(status);
  bytes[11] = hops;
  setU16(bytes, 12, payload.length);
  bytes.set(payload, PAYLOAD_AT);
  bytes[closestAt] = closest.length;
  let at = closestAt + 1;
  for (const contact of closest) {
    writeAgedContact(bytes, at, contact);
    at += AGED_CONTACT_BYTES;
  }
  for (const hop of trail) at = writeHop(bytes, at, hop);
  return bytes;
}

/** `bytes` of a reply with one more hop at its end; unchanged when it would grow too large. Read by nobody but the origin. */
export function appendHop(bytes: Uint8Array, hop: HopRecord): Uint8Array {
  const length = bytes.length + hopBytes(hop);
  if (length > MAX_FRAME_BYTES) return bytes;
  const longer = newFrame(length);
  longer.set(bytes);
  writeHop(longer, bytes.length, hop);
  return longer;
}

/** The message id of a reply; undefined when the bytes cannot be one. All that a hop on the way back reads. */
export function replyMessageId(bytes: Uint8Array): MessageId | undefined {
  return bytes.length > PAYLOAD_AT && bytes.length <= MAX_FRAME_BYTES ? readMessageId(bytes, 2) : undefined;
}

/** The reply in `bytes`; its payload aliases them. Undefined when malformed. */
export function decodeReply(bytes: Uint8Array, cache: ContactCache): ReplyFrame | undefined {
  const id = replyMessageId(bytes);
  const status = STATUSES[bytes[10] as number];
  if (id === undefined || status === undefined) return undefined;
  const closestAt = PAYLOAD_AT + u16At(bytes, 12);
  const count = bytes[closestAt];
  if (count === undefined || count > MAX_FRAME_CONTACTS) return undefined;
  const closest = readAgedContacts(bytes, closestAt + 1, count, cache);
  const trail = closest && readTrail(bytes, closestAt + 1 + count * AGED_CONTACT_BYTES, cache);
  if (!trail) return undefined;
  return { id, status, hops: bytes[11] as number, payload: bytes.subarray(PAYLOAD_AT, closestAt), closest, trail };
}

function readTrail(bytes: Uint8Array, start: number, cache: ContactCache): HopRecord[] | undefined {
  const trail: HopRecord[] = [];
  let at = start;
  while (at < bytes.length) {
    const count = bytes[at + ID_BYTES];
    if (count === undefined || count > SAMPLES_PER_HOP || trail.length === 2 * MAX_PATH) return undefined;
    const samples = readAgedContacts(bytes, at + ID_BYTES + 1, count, cache);
    if (!samples) return undefined;
    trail.push({ id: readId(bytes, at), samples });
    at += ID_BYTES + 1 + count * AGED_CONTACT_BYTES;
  }
  return trail;
}

function hopBytes(hop: HopRecord): number {
  return ID_BYTES + 1 + hop.samples.length * AGED_CONTACT_BYTES;
}

function writeHop(bytes: Uint8Array, start: number, hop: HopRecord): number {
  writeId(bytes, start, hop.id);
  bytes[start + ID_BYTES] = hop.samples.length;
  let at = start + ID_BYTES + 1;
  for (const sample of hop.samples) {
    writeAgedContact(bytes, at, sample);
    at += AGED_CONTACT_BYTES;
  }
  return at;
}
