import { KEY_BYTES, type Contact } from '../../shared/src/ids.ts';

/** [bytes] An index at the end of the key. */
const INDEX_BYTES = 4;

/** Writes a peer's index into its key, which is random otherwise: whoever has the contact knows the index. */
export function writeIndex(publicKey: Uint8Array, index: number): void {
  for (let i = 0; i < INDEX_BYTES; i++) publicKey[KEY_BYTES - 1 - i] = index >>> (8 * i);
}

/** The index in a contact. Anything for one whose key was not made by the world. */
export function readIndex({ publicKey }: Contact): number {
  let index = 0;
  for (let i = KEY_BYTES - INDEX_BYTES; i < KEY_BYTES; i++) index = index * 256 + (publicKey[i] as number);
  return index;
}
