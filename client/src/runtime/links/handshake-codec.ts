import { Reader, Writer, concatBytes, utf8Encode } from '../../../../shared/src/bytes.ts';
import { type NodeId, CONTACT_BYTES, type Contact, decodeContact } from '../../../../shared/src/ids.ts';
import {
  HANDSHAKE_NONCE_BYTES,
  LINK_FRAME,
  LINK_VERSION,
  MAX_NAME_BYTES,
} from '../../../../shared/src/limits/links.ts';
import { type Result, err, ok } from '../../../../shared/src/result.ts';

/** Length of an Ed25519 signature. [bytes] RFC 8032 §5.1.6. */
export const SIGNATURE_BYTES = 64;

const HELLO = 0x01;
const PROOF = 0x02;
const PROOF_DOMAIN = utf8Encode('skein link proof 1');

/** First frame of either side: who it says it is. */
export interface Hello {
  readonly kind: 'hello';
  readonly contact: Contact;
  readonly nonce: Uint8Array;
  /** What the sender's own wall clock shows. [ms since the epoch] */
  readonly wallNow: number;
  readonly name: string;
}

/** Second frame of either side: the signature that shows it. */
export interface Proof {
  readonly kind: 'proof';
  readonly signature: Uint8Array;
}

/** `version`: a HELLO of another version, whose layout is unknown. `foreign`: not a frame of the link layer. */
export type HandshakeDecodeError = 'malformed' | 'version' | 'foreign';

export function encodeHello(hello: Omit<Hello, 'kind'>): Uint8Array {
  return new Writer(192)
    .u8(LINK_FRAME)
    .u8(HELLO)
    .u8(LINK_VERSION)
    .bytes(hello.contact.publicKey)
    .bytes(hello.nonce)
    .u48(hello.wallNow)
    .text8(hello.name)
    .done();
}

export function encodeProof(signature: Uint8Array): Uint8Array {
  return new Writer(80).u8(LINK_FRAME).u8(PROOF).bytes(signature).done();
}

/** One handshake frame. Never throws. */
export function decodeHandshakeFrame(bytes: Uint8Array): Result<Hello | Proof, HandshakeDecodeError> {
  if (bytes[0] !== LINK_FRAME) return err('foreign');
  if (bytes[1] === HELLO) return decodeHello(bytes);
  if (bytes[1] !== PROOF || bytes.length !== 2 + SIGNATURE_BYTES) return err('malformed');
  return ok({ kind: 'proof', signature: bytes.slice(2) });
}

function decodeHello(bytes: Uint8Array): Result<Hello, HandshakeDecodeError> {
  const reader = new Reader(bytes.subarray(2));
  const version = reader.u8();
  if (reader.ok && version !== LINK_VERSION) return err('version');
  const contact = decodeContact(reader.bytes(CONTACT_BYTES));
  const nonce = reader.bytes(HANDSHAKE_NONCE_BYTES).slice();
  const wallNow = reader.u48();
  const nameLength = bytes.length - reader.offset - 3;
  const name = reader.text8();
  if (!contact || !reader.atEnd() || nameLength > MAX_NAME_BYTES) return err('malformed');
  return ok({ kind: 'hello', contact, nonce, wallNow, name });
}

/** One side of the connection, as both sides know it once both HELLOs are there. */
export interface HandshakeSide {
  readonly id: NodeId;
  /** SHA-256 of the certificate in its DTLS handshake. [32 bytes] */
  readonly fingerprint: Uint8Array;
  readonly nonce: Uint8Array;
  readonly name: string;
}

/**
 * What `signer` signs. The fingerprints bind it to this very DTLS connection, so that whoever forwards the frames over
 * two connections of its own is found out; the nonces keep it from serving a second time; the role keeps it from being
 * sent back. See PROTOCOL.md §4.
 */
export function proofBytes(
  signer: 'offerer' | 'answerer',
  offerer: HandshakeSide,
  answerer: HandshakeSide,
): Uint8Array {
  const fields = new Writer(256).u8(LINK_VERSION).u8(signer === 'offerer' ? 0 : 1);
  for (const side of [offerer, answerer]) {
    fields.hex(side.id).bytes(side.fingerprint).bytes(side.nonce).text8(side.name);
  }
  return concatBytes(PROOF_DOMAIN, fields.done());
}
