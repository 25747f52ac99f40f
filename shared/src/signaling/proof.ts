import { Writer } from '../bytes.ts';

/** Separates this signature from every other use of the peer key. */
const JOIN_DOMAIN = 'skein/join/2';

/**
 * The bytes that a joining peer signs: length-prefixed domain ‖ nonce ‖ publicKey ‖ length-prefixed host.
 * `host` is the server's host and port as in the URL the client opened. Without it a hostile server could pass on
 * another server's nonce and join there under the key of its own visitor.
 */
export function joinProof(nonce: Uint8Array, publicKey: Uint8Array, host: string): Uint8Array {
  const name = host.toLowerCase().slice(0, 255);
  return new Writer(160).text8(JOIN_DOMAIN).bytes(nonce).bytes(publicKey).text8(name).done();
}
