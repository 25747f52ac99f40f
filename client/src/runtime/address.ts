import { type NodeId, nodeIdFromBytes, nodeIdToBytes, parseNodeId } from '../../../shared/src/ids.ts';

/** RFC 4648 §6, in lower case: no 0, 1, 8 and 9, which are read aloud and copied wrongly. */
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** 160 bits in base32, with nothing left over. [characters] */
const FINGERPRINT_LENGTH = 32;

/** Longest readable part. [characters] */
const MAX_SLUG_LENGTH = 40;

/** Longest text that is looked at. [characters] A link with a long name, and no more. */
const MAX_ADDRESS_TEXT = 2_048;

/**
 * The address of record of a peer, e.g. `amber-otter.k7f3…`: a readable part, which proves nothing, and the whole id,
 * which is the hash of the keys and so proves itself.
 */
export function formatAddress(name: string, id: NodeId): string {
  return `${slug(name)}.${encodeBase32(nodeIdToBytes(id))}`;
}

/**
 * The id that a person's input names: an address of record, 40 hex digits, or a link with `#call=` and an address.
 * White space around it and letter case do not matter. Undefined for anything else. Never throws.
 */
export function parseAddress(text: string): NodeId | undefined {
  if (text.length > MAX_ADDRESS_TEXT) return undefined;
  const address = callTarget(text.trim()).toLowerCase();
  const id = parseNodeId(address);
  if (id) return id;
  const fingerprint = address.slice(address.lastIndexOf('.') + 1);
  const bytes = fingerprint.length === FINGERPRINT_LENGTH ? decodeBase32(fingerprint) : undefined;
  return bytes && nodeIdFromBytes(bytes);
}

/** The value of `call` in the fragment of a link; the text itself when it is no such link. */
function callTarget(text: string): string {
  const fragment = text.indexOf('#');
  if (fragment < 0) return text;
  for (const field of text.slice(fragment + 1).split('&')) {
    if (field.startsWith('call=')) return decodePercent(field.slice('call='.length)).trim();
  }
  return text;
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

function slug(name: string): string {
  const words = name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-');
  return (
    Array.from(words)
      .slice(0, MAX_SLUG_LENGTH)
      .join('')
      .replace(/^-+|-+$/g, '') || 'peer'
  );
}

function encodeBase32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += BASE32[(held >> (bits - 5)) & 31];
  }
  return text;
}

function decodeBase32(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array((text.length * 5) >> 3);
  let at = 0;
  let bits = 0;
  let held = 0;
  for (const character of text) {
    const value = BASE32.indexOf(character);
    if (value < 0) return undefined;
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (held >> bits) & 0xff;
    }
  }
  return bytes;
}
