import { equalBytes } from '../../shared/src/bytes.ts';
import { seededRng, randomBytes } from '../../shared/src/machine.ts';
import { type RecordFields, recordSignedBytes } from '../src/overlay/record-payloads.ts';
import type { SignedRecord } from '../src/overlay/types.ts';

/** [bytes] As long as the Ed25519 signature that it stands for. */
const SIGNATURE_BYTES = 64;

/**
 * Signs a record as the simulator does: with a keyed hash instead of Ed25519, thousands of times cheaper. It is checked
 * as the real one is, so that a record changed, forged or signed by somebody else is refused. No cryptography: it holds
 * because no simulated peer signs with a key other than its own.
 */
export function signRecord(fields: RecordFields): SignedRecord {
  return { ...fields, signature: keyedHash(fields) };
}

/** True when the record's author signed it as it is. */
export function isSigned(record: SignedRecord): boolean {
  return equalBytes(record.signature, keyedHash(record));
}

function keyedHash(fields: RecordFields): Uint8Array {
  const high = fnv1a(fields.author.publicKey, 0x811c9dc5);
  const low = fnv1a(recordSignedBytes(fields), high);
  return randomBytes(seededRng(low ^ Math.imul(high, 0x9e3779b1)), SIGNATURE_BYTES);
}

function fnv1a(bytes: Uint8Array, seed: number): number {
  let hash = seed;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash ^ (hash >>> 15);
}
