import { Reader, Writer, utf8Encode } from '../../../shared/src/bytes.ts';
import { ID_BYTES, nodeIdFromBytes } from '../../../shared/src/ids.ts';
import { CALL_ID_BYTES, MAX_CALL_MESSAGE_BYTES } from '../../../shared/src/limits/calls.ts';
import { MAX_NAME_BYTES } from '../../../shared/src/limits/links.ts';
import { assertNever, err, ok, type Result } from '../../../shared/src/result.ts';
import type { ByeReason, CallId, CallMessage, CancelReason, MediaChoice, ResponseCode } from './types.ts';

/** Version of the call wire; a message of another version is ignored. */
export const CALL_WIRE_VERSION = 2;

/** Type bytes, in the order of shared/PROTOCOL.md §7. */
const TYPE = { INVITE: 1, response: 2, ACK: 3, CANCEL: 4, BYE: 5, done: 6, media: 7, mediaAck: 8, muted: 9 } as const;

/** Indexed by the byte on the wire: only ever append. */
const CANCEL_REASONS: readonly CancelReason[] = ['cancelled', 'no-answer', 'answered-elsewhere'];
const BYE_REASONS: readonly ByeReason[] = [
  ...CANCEL_REASONS,
  'user-hangup',
  'ice-failed',
  'ice-timeout',
  'media-failed',
  'replaced',
  'no-ack',
];

const RESPONSE_CODES: ReadonlySet<number> = new Set<ResponseCode>([
  100, 180, 200, 404, 408, 480, 481, 486, 487, 488, 500, 603,
]);

/** Why bytes are no call message. `unknown` ones may come from a newer peer and are no fault. */
export type CallDecodeError = 'too-large' | 'unknown' | 'malformed';

export function encodeCallMessage(message: CallMessage): Uint8Array {
  const writer = new Writer(64).u8(CALL_WIRE_VERSION).u8(TYPE[message.kind]).hex(message.callId);
  switch (message.kind) {
    case 'INVITE':
      return writer.hex(message.address).u8(mediaBits(message.media)).u32(message.ageMs).text8(message.name).done();
    case 'response':
      return writer.u16(message.code).u8(mediaBits(message.media)).text8(message.name).done();
    case 'ACK':
    case 'done':
      return writer.done();
    case 'CANCEL':
      return writer.u8(CANCEL_REASONS.indexOf(message.reason)).done();
    case 'BYE':
      return writer.u8(BYE_REASONS.indexOf(message.reason)).done();
    case 'media':
      return writer.u32(message.sequence).bytes(message.payload).done();
    case 'mediaAck':
      return writer.u32(message.sequence).done();
    case 'muted':
      return writer.u32(message.sequence).u8(mediaBits(message.muted)).done();
    default:
      return assertNever(message);
  }
}

/** Decodes one call message. Total: any bytes give a message or an error. A `media` payload aliases the input. */
export function decodeCallMessage(bytes: Uint8Array): Result<CallMessage, CallDecodeError> {
  if (bytes.length > MAX_CALL_MESSAGE_BYTES) return err('too-large');
  const reader = new Reader(bytes);
  const version = reader.u8();
  const type = reader.u8();
  if (!reader.ok) return err('malformed');
  if (version !== CALL_WIRE_VERSION || type < TYPE.INVITE || type > TYPE.muted) return err('unknown');
  const message = readMessage(type, reader.hex(CALL_ID_BYTES), reader);
  return message && reader.atEnd() ? ok(message) : err('malformed');
}

function readMessage(type: number, callId: CallId, reader: Reader): CallMessage | undefined {
  switch (type) {
    case TYPE.INVITE:
      return readInvite(callId, reader);
    case TYPE.response:
      return readResponse(callId, reader);
    case TYPE.ACK:
      return { kind: 'ACK', callId };
    case TYPE.done:
      return { kind: 'done', callId };
    case TYPE.CANCEL: {
      const reason = CANCEL_REASONS[reader.u8()];
      return reason && { kind: 'CANCEL', callId, reason };
    }
    case TYPE.BYE: {
      const reason = BYE_REASONS[reader.u8()];
      return reason && { kind: 'BYE', callId, reason };
    }
    case TYPE.media:
      return { kind: 'media', callId, sequence: reader.u32(), payload: reader.rest() };
    case TYPE.mediaAck:
      return { kind: 'mediaAck', callId, sequence: reader.u32() };
    default: {
      const sequence = reader.u32();
      const muted = readMedia(reader);
      return muted && { kind: 'muted', callId, sequence, muted };
    }
  }
}

function readInvite(callId: CallId, reader: Reader): CallMessage | undefined {
  const address = nodeIdFromBytes(reader.bytes(ID_BYTES));
  const media = readMedia(reader);
  const ageMs = reader.u32();
  const name = readName(reader);
  return media && name !== undefined ? { kind: 'INVITE', callId, address, media, name, ageMs } : undefined;
}

function readResponse(callId: CallId, reader: Reader): CallMessage | undefined {
  const code = reader.u16();
  const media = readMedia(reader);
  const name = readName(reader);
  if (!media || name === undefined || !RESPONSE_CODES.has(code)) return undefined;
  return { kind: 'response', callId, code: code as ResponseCode, media, name };
}

function mediaBits(media: MediaChoice): number {
  return (media.audio ? 1 : 0) | (media.video ? 2 : 0);
}

function readMedia(reader: Reader): MediaChoice | undefined {
  const bits = reader.u8();
  return bits > 3 ? undefined : { audio: (bits & 1) !== 0, video: (bits & 2) !== 0 };
}

function readName(reader: Reader): string | undefined {
  const name = reader.text8();
  return utf8Encode(name).length > MAX_NAME_BYTES ? undefined : name;
}
