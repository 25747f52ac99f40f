import { Writer } from '../../../shared/src/bytes.ts';
import { CONTACT_BYTES, type Contact } from '../../../shared/src/ids.ts';
import { MAX_PROVIDERS_PER_KEY } from '../../../shared/src/limits/records.ts';
import type { ContactCache } from './contact-cache.ts';

/** The answer to GET for providers: a count and their contacts. */
export function encodeProviders(providers: readonly Contact[]): Uint8Array {
  const writer = new Writer(1 + CONTACT_BYTES * providers.length).u8(providers.length);
  for (const provider of providers) writer.bytes(provider.publicKey);
  return writer.done();
}

/** The contacts of an answer to GET for providers; none when malformed. */
export function decodeProviders(bytes: Uint8Array, cache: ContactCache): Contact[] {
  const count = bytes[0] ?? 0;
  if (count > MAX_PROVIDERS_PER_KEY || bytes.length !== 1 + count * CONTACT_BYTES) return [];
  return Array.from({ length: count }, (_, i) => cache.read(bytes, 1 + i * CONTACT_BYTES));
}
