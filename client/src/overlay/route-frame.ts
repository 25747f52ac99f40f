import { CONTACT_BYTES, type Contact, ID_BYTES, type NodeId } from '../../../shared/src/ids.ts';
import { OVERLAY_FRAME } from '../../../shared/src/limits/links.ts';
import { MAX_FRAME_BYTES, MAX_HOPS, MAX_VIA, REVERSE_STATE_MS } from '../../../shared/src/limits/overlay.ts';
import type { ContactCache } from './contact-cache.ts';
import { type MessageId, readId, readMessageId, setU16, u16At, writeId, writeMessageId } from './frame-fields.ts';
import { newFrame } from './frame-memory.ts';
import { FRAME } from './link-frames.ts';

/** What the end of the route is asked to do. */
export const ROUTE_KIND = {
  find: 1,
  store: 2,
  get: 3,
  publish: 4,
  unpublish: 5,
  deliver: 6,
  reply: 7,
  probe: 8,
  sync: 9,
} as const;

export type RouteKind = (typeof ROUTE_KIND)[keyof typeof ROUTE_KIND];

const LAST_KIND = 9;

/** The target is a peer and nobody else may answer; without it the peer closest to the target answers. */
export const ROUTE_EXACT = 1;

/** Hops may take note of the origin: it is joining. */
export const ROUTE_ANNOUNCE = 2;

/** A replica: the receiver keeps it and hands it to nobody. */
export const ROUTE_REPLICA = 4;

/** The lane of one of several copies of a lookup, or 0: ways (2, 4 or 8) plus the number of its own. */
export const ROUTE_LANE_SHIFT = 3;

/** The four bits of the lane. */
export const ROUTE_LANE_MASK = 15 << ROUTE_LANE_SHIFT;

/** The envelope of a routed message: all that hops read. */
export interface Envelope {
  readonly id: MessageId;
  /** Hops taken so far, the one over this link included. [1 .. MAX_HOPS] */
  readonly hops: number;
  /** ROUTE_EXACT, ROUTE_ANNOUNCE, ROUTE_REPLICA and the lane. Others are ignored. */
  readonly flags: number;
  /** Remaining life. [ms, up to REVERSE_STATE_MS] */
  readonly lifetimeMs: number;
  readonly kind: RouteKind;
  /** Steps taken that did not come closer. */
  readonly detours: number;
  readonly target: NodeId;
  readonly origin: Contact;
  /** Peers to pass first, in this order. At most MAX_VIA. */
  readonly via: readonly NodeId[];
}

/** A whole routed message. */
export interface RouteFrame extends Envelope {
  readonly payload: Uint8Array;
}

/** Offsets of the fields that a hop changes, and of the ends of the fixed part. [bytes] */
const HOPS_AT = 10;
const LIFETIME_AT = 12;
const DETOURS_AT = 15;
const TARGET_AT = 16;
const ORIGIN_AT = TARGET_AT + ID_BYTES;
const VIA_AT = ORIGIN_AT + CONTACT_BYTES;

/** Length of an envelope without intermediate targets. [bytes] */
export const ROUTE_HEADER_BYTES = VIA_AT + 1;

export function encodeRoute(frame: RouteFrame): Uint8Array {
  const { via, payload } = frame;
  const bytes = newFrame(ROUTE_HEADER_BYTES + via.length * ID_BYTES + payload.length);
  bytes[0] = OVERLAY_FRAME;
  bytes[1] = FRAME.route;
  writeMessageId(bytes, 2, frame.id);
  bytes[HOPS_AT] = frame.hops;
  bytes[11] = frame.flags;
  setU16(bytes, LIFETIME_AT, frame.lifetimeMs);
  bytes[14] = frame.kind;
  bytes[DETOURS_AT] = frame.detours;
  writeId(bytes, TARGET_AT, frame.target);
  bytes.set(frame.origin.publicKey, ORIGIN_AT);
  bytes[VIA_AT] = via.length;
  via.forEach((id, i) => writeId(bytes, ROUTE_HEADER_BYTES + i * ID_BYTES, id));
  bytes.set(payload, ROUTE_HEADER_BYTES + via.length * ID_BYTES);
  return bytes;
}

/** The envelope in `bytes`; `routePayload` has the rest. Undefined when malformed. `id`: of those who have read it already. */
export function decodeEnvelope(bytes: Uint8Array, cache: ContactCache, id?: MessageId): Envelope | undefined {
  if (bytes.length < ROUTE_HEADER_BYTES || bytes.length > MAX_FRAME_BYTES) return undefined;
  const hops = bytes[HOPS_AT] as number;
  const lifetimeMs = u16At(bytes, LIFETIME_AT);
  const kind = bytes[14] as number;
  const viaCount = bytes[VIA_AT] as number;
  if (
    hops === 0 ||
    hops > MAX_HOPS ||
    lifetimeMs > REVERSE_STATE_MS ||
    kind === 0 ||
    kind > LAST_KIND ||
    viaCount > MAX_VIA
  ) {
    return undefined;
  }
  if (ROUTE_HEADER_BYTES + viaCount * ID_BYTES > bytes.length) return undefined;
  return {
    id: id ?? readMessageId(bytes, 2),
    hops,
    flags: bytes[11] as number,
    lifetimeMs,
    kind: kind as RouteKind,
    detours: bytes[DETOURS_AT] as number,
    target: readId(bytes, TARGET_AT),
    origin: cache.read(bytes, ORIGIN_AT),
    via: viaCount === 0 ? NO_VIA : readVia(bytes, viaCount),
  };
}

/** The whole message in `bytes`; its payload aliases them. Undefined when malformed. */
export function decodeRoute(bytes: Uint8Array, cache: ContactCache): RouteFrame | undefined {
  const envelope = decodeEnvelope(bytes, cache);
  return envelope && { ...envelope, payload: routePayload(bytes) };
}

/** The payload of an envelope that decodes. Aliases `bytes`. */
export function routePayload(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(ROUTE_HEADER_BYTES + (bytes[VIA_AT] as number) * ID_BYTES);
}

const NO_VIA: readonly NodeId[] = [];

/**
 * The bytes for the next hop: those received with the changed fields, and without the first `passedVia` intermediate
 * targets. A copy, because the sender keeps its own for a reroute.
 */
export function patchRoute(
  bytes: Uint8Array,
  hops: number,
  lifetimeMs: number,
  detours: number,
  passedVia: number,
): Uint8Array {
  let patched: Uint8Array;
  if (passedVia === 0) {
    patched = newFrame(bytes.length);
    patched.set(bytes);
  } else {
    const cut = passedVia * ID_BYTES;
    patched = newFrame(bytes.length - cut);
    patched.set(bytes.subarray(0, ROUTE_HEADER_BYTES));
    patched.set(bytes.subarray(ROUTE_HEADER_BYTES + cut), ROUTE_HEADER_BYTES);
    patched[VIA_AT] = (bytes[VIA_AT] as number) - passedVia;
  }
  patched[HOPS_AT] = hops;
  setU16(patched, LIFETIME_AT, lifetimeMs);
  patched[DETOURS_AT] = detours;
  return patched;
}

/** `bytes` with one more intermediate target in front of the others. The caller has checked that there is room for it. */
export function insertVia(bytes: Uint8Array, id: NodeId): Uint8Array {
  const longer = newFrame(bytes.length + ID_BYTES);
  longer.set(bytes.subarray(0, ROUTE_HEADER_BYTES));
  writeId(longer, ROUTE_HEADER_BYTES, id);
  longer.set(bytes.subarray(ROUTE_HEADER_BYTES), ROUTE_HEADER_BYTES + ID_BYTES);
  longer[VIA_AT] = (bytes[VIA_AT] as number) + 1;
  return longer;
}

function readVia(bytes: Uint8Array, count: number): NodeId[] {
  const via: NodeId[] = [];
  for (let i = 0; i < count; i++) via.push(readId(bytes, ROUTE_HEADER_BYTES + i * ID_BYTES));
  return via;
}
