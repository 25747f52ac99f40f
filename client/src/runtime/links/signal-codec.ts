import { Reader, Writer, toHex, utf8Decode, utf8Encode } from '../../../../shared/src/bytes.ts';
import { MAX_SDP_BYTES } from '../../../../shared/src/limits/links.ts';
import { type Result, err, ok } from '../../../../shared/src/result.ts';
import { isPacked, packDescription, unpackDescription } from './packed-description.ts';
import type { LinkPurpose } from './types.ts';

/** Names one attempt to open a link: 64 random bits of the side that offers, as 16 hex digits. */
export type AttemptId = string;

/** Length of an attempt id. [bytes] */
export const ATTEMPT_ID_BYTES = 8;

/** Why an offer was not answered. */
export type RejectCode =
  /** The ledger of the other side has no room. */
  | 'over-budget'
  /** The other side has an offer of its own under way, which wins: wait for it. */
  | 'superseded'
  /** The offer was one that may be refused, and the other side has links enough and does not need this one. */
  | 'not-needed'
  /** The offer could not be taken. */
  | 'failed';

/** What two peers say to each other, in sealed mail, to open a link. */
export type LinkSignal =
  | {
      readonly kind: 'offer';
      readonly attempt: AttemptId;
      readonly purposes: readonly LinkPurpose[];
      /** The sender can do without the link: the offer may be refused as not needed. */
      readonly isSpare: boolean;
      readonly sdp: string;
    }
  | { readonly kind: 'answer'; readonly attempt: AttemptId; readonly sdp: string }
  | { readonly kind: 'reject'; readonly attempt: AttemptId; readonly code: RejectCode };

export type SignalDecodeError = 'malformed' | 'unknown-type';

const OFFER = 0x01;
const ANSWER = 0x02;
const REJECT = 0x03;

/** By number on the wire, from 1. */
const REJECT_CODES: readonly RejectCode[] = ['over-budget', 'superseded', 'failed', 'not-needed'];
/** By bit on the wire, from the lowest. */
const PURPOSES: readonly LinkPurpose[] = ['overlay', 'swarm'];
const SPARE_BIT = 4;

export function encodeSignal(signal: LinkSignal): Uint8Array {
  const writer = new Writer(2048);
  switch (signal.kind) {
    case 'offer': {
      let mask = signal.isSpare ? SPARE_BIT : 0;
      for (const purpose of signal.purposes) mask |= 1 << PURPOSES.indexOf(purpose);
      return writer.u8(OFFER).hex(signal.attempt).u8(mask).bytes16(encodeDescription(signal.sdp)).done();
    }
    case 'answer':
      return writer.u8(ANSWER).hex(signal.attempt).bytes16(encodeDescription(signal.sdp)).done();
    case 'reject':
      return writer
        .u8(REJECT)
        .hex(signal.attempt)
        .u8(REJECT_CODES.indexOf(signal.code) + 1)
        .done();
  }
}

/** One signal. Never throws. An unknown reject code reads as `failed`: newer peers may have more of them. */
export function decodeSignal(bytes: Uint8Array): Result<LinkSignal, SignalDecodeError> {
  const reader = new Reader(bytes);
  const type = reader.u8();
  const attempt = toHex(reader.bytes(ATTEMPT_ID_BYTES));
  if (!reader.ok) return err('malformed');
  switch (type) {
    case OFFER: {
      const mask = reader.u8();
      const purposes = PURPOSES.filter((_, bit) => (mask & (1 << bit)) !== 0);
      const sdp = readSdp(reader);
      return sdp === undefined || purposes.length === 0
        ? err('malformed')
        : ok({ kind: 'offer', attempt, purposes, isSpare: (mask & SPARE_BIT) !== 0, sdp });
    }
    case ANSWER: {
      const sdp = readSdp(reader);
      return sdp === undefined ? err('malformed') : ok({ kind: 'answer', attempt, sdp });
    }
    case REJECT: {
      const code = REJECT_CODES[reader.u8() - 1] ?? 'failed';
      return reader.atEnd() ? ok({ kind: 'reject', attempt, code }) : err('malformed');
    }
    default:
      return err('unknown-type');
  }
}

function encodeDescription(sdp: string): Uint8Array {
  return packDescription(sdp) ?? utf8Encode(sdp);
}

function readSdp(reader: Reader): string | undefined {
  const bytes = reader.bytes16();
  if (!reader.atEnd() || bytes.length === 0 || bytes.length > MAX_SDP_BYTES) return undefined;
  return isPacked(bytes) ? unpackDescription(bytes) : utf8Decode(bytes);
}
