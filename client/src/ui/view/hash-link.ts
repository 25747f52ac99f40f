import type { Download } from '../../index.ts';

/** What the part of the address after `#` asks for. */
export type HashLink = ({ readonly kind: 'file' } & FileLink) | { readonly kind: 'call'; readonly address: string };

/** A download, and what is known of it before anybody is asked. */
export interface FileLink {
  readonly infoHash: string;
  readonly name: string | undefined;
  /** Web servers that have it (BEP 19). */
  readonly webSeeds: readonly string[];
}

/** Longest name or address taken from a link. [UTF-16 units] Both are shorter when made here; more is not read. */
const MAX_TEXT = 256;

/** Most web seeds in a link to a download. Any one of them gives all of it, and people copy links by hand, too. */
const MAX_WEB_SEEDS = 4;

/** Longest link that web seeds are added to. [characters] A QR code of 121 modules, which a phone still reads off a screen. */
const MAX_SEEDED_LENGTH = 1000;

const INFO_HASH = /^[0-9a-f]{40}$/;

/** That of a torrent of version 2 (BEP 52). */
const INFO_HASH_V2 = /^[0-9a-f]{64}$/;

/** Reads `#f=<infohash>&n=<name>&ws=<web seed>` or `#call=<address>`; undefined for anything else. */
export function parseHashLink(hash: string): HashLink | undefined {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  const infoHash = fields.get('f')?.toLowerCase();
  if (infoHash !== undefined && INFO_HASH.test(infoHash)) {
    const name = fields.get('n')?.slice(0, MAX_TEXT);
    const webSeeds = fields.getAll('ws').filter(isWebSeed).slice(0, MAX_WEB_SEEDS);
    return { kind: 'file', infoHash, name: name === '' ? undefined : name, webSeeds };
  }
  const address = fields.get('call')?.trim();
  if (address === undefined || address === '' || address.length > MAX_TEXT) return undefined;
  return { kind: 'call', address };
}

/**
 * A link to the page at `base` that opens straight into a download. It names web seeds of its magnet link as far as the
 * link stays short: they give what a page with one peer, or none, would wait for.
 */
export function fileLink(base: string, of: Pick<Download, 'infoHash' | 'name' | 'magnet'>): string {
  let link = `${base}#f=${of.infoHash}&n=${encodeText(of.name.slice(0, MAX_TEXT))}`;
  const webSeeds = new URL(of.magnet).searchParams.getAll('ws').filter(isWebSeed);
  for (const webSeed of webSeeds.slice(0, MAX_WEB_SEEDS)) {
    const added = `&ws=${encodeText(webSeed)}`;
    if (link.length + added.length <= MAX_SEEDED_LENGTH) link += added;
  }
  return link;
}

/** A link to the page at `base` that offers to call someone. */
export function callLink(base: string, address: string): string {
  return `${base}#call=${encodeText(address)}`;
}

/** The magnet link for an info-hash (BEP 9), with the display name if there is one, and web seeds. */
export function magnetFor(infoHash: string, name: string | undefined, webSeeds: readonly string[] = []): string {
  const display = name === undefined ? '' : `&dn=${encodeText(name)}`;
  const seeds = webSeeds.map((webSeed) => `&ws=${encodeText(webSeed)}`).join('');
  return `magnet:?xt=urn:btih:${infoHash}${display}${seeds}`;
}

/**
 * The magnet link that a pasted text means: a link of ours, a magnet link, or a bare info-hash of either version.
 * Undefined when it is none of them. Magnet links are passed on as they are; `download` checks them.
 */
export function sourceFromText(text: string): string | undefined {
  const trimmed = text.trim();
  if (/^magnet:\?/i.test(trimmed)) return trimmed;
  const hash = trimmed.toLowerCase();
  if (INFO_HASH.test(hash)) return magnetFor(hash, undefined);
  if (INFO_HASH_V2.test(hash)) return `magnet:?xt=urn:btmh:1220${hash}`;
  const link = linkIn(trimmed);
  return link?.kind === 'file' ? magnetFor(link.infoHash, link.name, link.webSeeds) : undefined;
}

/** The address that a pasted text means: a call link of ours, or the text itself. */
export function addressFromText(text: string): string {
  const trimmed = text.trim();
  const link = linkIn(trimmed);
  return link?.kind === 'call' ? link.address : trimmed;
}

/** The link of ours that a text is, whatever page it leads to; undefined when it is none. */
export function linkIn(text: string): HashLink | undefined {
  const at = text.indexOf('#');
  return at < 0 ? undefined : parseHashLink(text.slice(at));
}

/** Only these are asked for files; `download` checks the rest. */
function isWebSeed(url: string): boolean {
  return /^https?:\/\//i.test(url);
}

/** As `encodeURIComponent`, which throws at half of a surrogate pair; a cut or hostile name may hold one. */
function encodeText(text: string): string {
  return encodeURIComponent(text.replace(/[\ud800-\udfff]/gu, '\ufffd'));
}
