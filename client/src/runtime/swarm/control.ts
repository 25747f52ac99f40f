import { Reader, Writer } from '../../../../shared/src/bytes.ts';
import { ID_BYTES, nodeIdFromBytes } from '../../../../shared/src/ids.ts';
import { SWARM_FRAME } from '../../../../shared/src/limits/links.ts';
import { type Result, err, ok } from '../../../../shared/src/result.ts';
import type { InfoHash } from '../../swarm/types.ts';

/** Why an OPEN is refused. A closed list; an unknown code of a newer peer reads as `busy`. */
export type RefuseCode = 'unknown-swarm' | 'busy' | 'paused';

/** How two peers agree on a bulk channel for a torrent. PROTOCOL.md §6.1. */
export type SwarmFrame =
  /** The sender wants to exchange this torrent over the negotiated channel `id`. */
  | { readonly kind: 'OPEN'; readonly id: number; readonly infoHash: InfoHash }
  /** The other side has made its end; the opener makes its own now and speaks first. */
  | { readonly kind: 'ACCEPT'; readonly id: number }
  | { readonly kind: 'REFUSE'; readonly id: number; readonly code: RefuseCode };

const OPEN = 1;
const ACCEPT = 2;
const REFUSE = 3;

/** Codes on the wire by position, from 1. */
const REFUSE_CODES: readonly RefuseCode[] = ['unknown-swarm', 'busy', 'paused'];

/** Why bytes are no swarm frame. `unknown-type` is a newer peer's doing and no fault. */
export type SwarmFrameError = 'unknown-type' | 'malformed';

export function encodeSwarmFrame(frame: SwarmFrame): Uint8Array {
  const writer = new Writer(4 + ID_BYTES).u8(SWARM_FRAME);
  switch (frame.kind) {
    case 'OPEN':
      return writer.u8(OPEN).u16(frame.id).hex(frame.infoHash).done();
    case 'ACCEPT':
      return writer.u8(ACCEPT).u16(frame.id).done();
    case 'REFUSE':
      return writer
        .u8(REFUSE)
        .u16(frame.id)
        .u8(REFUSE_CODES.indexOf(frame.code) + 1)
        .done();
  }
}

/** Decodes a whole control message. Never throws. */
export function decodeSwarmFrame(bytes: Uint8Array): Result<SwarmFrame, SwarmFrameError> {
  const reader = new Reader(bytes);
  if (reader.u8() !== SWARM_FRAME) return err('malformed');
  const type = reader.u8();
  if (!reader.ok) return err('malformed');
  if (type < OPEN || type > REFUSE) return err('unknown-type');
  const frame = readFields(type, reader);
  return reader.atEnd() ? ok(frame) : err('malformed');
}

function readFields(type: number, reader: Reader): SwarmFrame {
  const id = reader.u16();
  if (type === OPEN) return { kind: 'OPEN', id, infoHash: nodeIdFromBytes(reader.bytes(ID_BYTES)) };
  if (type === ACCEPT) return { kind: 'ACCEPT', id };
  return { kind: 'REFUSE', id, code: REFUSE_CODES[reader.u8() - 1] ?? 'busy' };
}
