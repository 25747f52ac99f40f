import { fromHex, hexDigit, utf8Decode, utf8Encode } from '../../../shared/src/bytes.ts';
import { ID_BYTES, nodeIdFromBytes } from '../../../shared/src/ids.ts';
import {
  MAX_MAGNET_LENGTH,
  MAX_SEGMENT_BYTES,
  MAX_SELECTED_FILES,
  MAX_TRACKERS,
  MAX_URL_LENGTH,
} from '../../../shared/src/limits/metainfo.ts';
import { type Result, err, ok } from '../../../shared/src/result.ts';
import type { InfoHash, InfoHashV2 } from './types.ts';

/** What a magnet link says (BEP 9, BEP 52). */
export interface Magnet {
  /** What the swarm goes by: the v1 hash where there is one, else the beginning of the v2 hash. */
  readonly infoHash: InfoHash;
  /** Undefined when the link names v1 alone. */
  readonly infoHashV2: InfoHashV2 | undefined;
  /** Display name (`dn`), empty when the link has none. */
  readonly name: string;
  /** Tracker URLs (`tr`), each once. */
  readonly trackers: readonly string[];
  /** Web seeds (`ws`, BEP 19), each once. */
  readonly webSeeds: readonly string[];
  /**
   * The files that it selects, ascending, as indices among all files that the torrent lists (`so`, BEP 53); undefined for all.
   */
  readonly selected: readonly number[] | undefined;
}

export type MagnetErrorCode =
  /** The text does not begin with `magnet:?`. */
  | 'not-magnet'
  | 'too-long'
  /** No `xt=urn:btih:` and no `xt=urn:btmh:` at all. */
  | 'no-info-hash'
  /** An `xt=urn:btih:` that is neither 40 hex digits nor 32 base32 characters, or a `btmh` that is no SHA-256. */
  | 'bad-info-hash';

/** Reads a magnet link. Total: parameters that are malformed or unknown are left out, only the info-hash must be right. */
export function parseMagnet(text: string): Result<Magnet, MagnetErrorCode> {
  if (text.length > MAX_MAGNET_LENGTH) return err('too-long');
  const link = text.trim();
  if (!/^magnet:\?/i.test(link)) return err('not-magnet');
  let infoHash: InfoHash | undefined;
  let infoHashV2: InfoHashV2 | undefined;
  let hasTopic = false;
  let name = '';
  let selected: readonly number[] | undefined;
  const trackers = new Set<string>();
  const webSeeds = new Set<string>();
  for (const parameter of link.slice(8).split('&')) {
    const equals = parameter.indexOf('=');
    const value = equals < 0 ? undefined : percentDecode(parameter.slice(equals + 1));
    if (value === undefined) continue;
    const key = parameter
      .slice(0, equals)
      .replace(/\.\d+$/, '')
      .toLowerCase();
    if (key === 'xt' && /^urn:bt[im]h:/i.test(value)) {
      hasTopic = true;
      if (/^urn:btih:/i.test(value)) infoHash ??= parseInfoHash(value.slice(9));
      else infoHashV2 ??= parseMultihash(value.slice(9));
    } else if (key === 'dn') name ||= displayName(value);
    else if (key === 'so') selected ??= parseSelection(value);
    else if (key === 'tr') addUrl(trackers, value);
    else if (key === 'ws') addUrl(webSeeds, value);
  }
  const swarm = infoHash ?? (infoHashV2 && truncateInfoHash(infoHashV2));
  if (!swarm) return err(hasTopic ? 'bad-info-hash' : 'no-info-hash');
  return ok({ infoHash: swarm, infoHashV2, name, trackers: [...trackers], webSeeds: [...webSeeds], selected });
}

/**
 * The link that names `magnet`. `parseMagnet` gives the same back, but for the last trackers and web seeds of a link that
 * would be too long for it: they are left out.
 */
export function formatMagnet(magnet: {
  readonly infoHash: InfoHash;
  readonly infoHashV2?: InfoHashV2 | undefined;
  readonly name?: string;
  readonly trackers?: readonly string[];
  readonly webSeeds?: readonly string[];
  readonly selected?: readonly number[] | undefined;
}): string {
  const { infoHash, infoHashV2 } = magnet;
  const topics: string[] = [];
  if (!infoHashV2 || truncateInfoHash(infoHashV2) !== infoHash) topics.push(`xt=urn:btih:${infoHash}`);
  if (infoHashV2) topics.push(`xt=urn:btmh:${SHA256_MULTIHASH}${infoHashV2}`);
  let link = `magnet:?${topics.join('&')}`;
  if (magnet.name) link += `&dn=${percentEncode(magnet.name)}`;
  const { trackers = [], webSeeds = [], selected = [] } = magnet;
  const selection = selected.length > 0 ? `&so=${formatSelection(selected)}` : '';
  const places = [...trackers.map((url) => ['tr', url] as const), ...webSeeds.map((url) => ['ws', url] as const)];
  for (const [key, url] of places) {
    const place = `&${key}=${percentEncode(url)}`;
    if (link.length + place.length + selection.length <= MAX_MAGNET_LENGTH) link += place;
  }
  return link + selection;
}

/** What a swarm of v2 peers goes by: the beginning of the SHA-256 (BEP 52). */
export function truncateInfoHash(infoHashV2: InfoHashV2): InfoHash {
  return infoHashV2.slice(0, 2 * ID_BYTES) as InfoHash;
}

/** An info-hash from 40 hex digits or 32 base32 characters (RFC 4648 §6) of either case. */
export function parseInfoHash(text: string): InfoHash | undefined {
  const bytes = text.length === 2 * ID_BYTES ? fromHex(text) : text.length === 32 ? fromBase32(text) : undefined;
  return bytes && nodeIdFromBytes(bytes);
}

/** Multihash code of SHA-256 and its length of 32 bytes, in hex. */
const SHA256_MULTIHASH = '1220';

function parseMultihash(text: string): InfoHashV2 | undefined {
  const match = /^1220([0-9a-f]{64})$/i.exec(text);
  return match?.[1]?.toLowerCase();
}

/** File indices and inclusive ranges of them; undefined when any of it is malformed, or there are too many. */
function parseSelection(text: string): readonly number[] | undefined {
  const indices = new Set<number>();
  let count = 0;
  for (const part of text.split(',')) {
    const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part);
    if (!match) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    count += last - first + 1;
    if (last < first || last >= MAX_SELECTED_FILES || count > MAX_SELECTED_FILES) return undefined;
    for (let index = first; index <= last; index++) indices.add(index);
  }
  return [...indices].sort((a, b) => a - b);
}

/** Indices, ascending, with runs of them as ranges. */
function formatSelection(indices: readonly number[]): string {
  const parts: string[] = [];
  for (let at = 0; at < indices.length; at++) {
    const first = indices[at] as number;
    let last = first;
    while (indices[at + 1] === last + 1) last = indices[++at] as number;
    parts.push(first === last ? String(first) : `${first}-${last}`);
  }
  return parts.join(',');
}

function addUrl(urls: Set<string>, url: string): void {
  if (urls.size < MAX_TRACKERS && isUrl(url)) urls.add(url);
}

/** True for text that has the shape of a URL and is safe to keep and show. Who uses it decides on the scheme. */
export function isUrl(text: string): boolean {
  return text.length <= MAX_URL_LENGTH && /^[a-z][a-z0-9+.-]*:\/\/[^\s\p{Cc}]+$/iu.test(text);
}

/** A name for people until the metadata is here: one line, of bounded length. */
function displayName(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, ' ').trim();
  return Array.from(line).slice(0, MAX_SEGMENT_BYTES).join('');
}

function fromBase32(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array((text.length * 5) >> 3);
  let held = 0;
  let bits = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = 'abcdefghijklmnopqrstuvwxyz234567'.indexOf(text.charAt(i).toLowerCase());
    if (digit < 0) return undefined;
    held = ((held << 5) | digit) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (held >> bits) & 0xff;
  }
  return bytes;
}

/** Undoes percent-encoding, `+` being a space; undefined when what results is not UTF-8. A lone `%` stands for itself. */
function percentDecode(text: string): string | undefined {
  const encoded = utf8Encode(text);
  const bytes = new Uint8Array(encoded.length);
  let length = 0;
  for (let i = 0; i < encoded.length; i++) {
    const byte = encoded[i] as number;
    const high = byte === 0x25 ? hexDigit(encoded[i + 1] ?? 0) : -1;
    const low = high < 0 ? -1 : hexDigit(encoded[i + 2] ?? 0);
    if (low >= 0) {
      bytes[length++] = (high << 4) | low;
      i += 2;
    } else bytes[length++] = byte === 0x2b ? 0x20 : byte;
  }
  return utf8Decode(bytes.subarray(0, length));
}

/** Percent-encodes all but the unreserved characters of RFC 3986 §2.3. */
function percentEncode(text: string): string {
  let encoded = '';
  for (const byte of utf8Encode(text)) {
    const character = String.fromCharCode(byte);
    encoded += /[\w.~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
