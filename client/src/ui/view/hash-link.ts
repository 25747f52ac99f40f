/** What the part of the address after `#` asks for. */
export type HashLink =
  | { readonly kind: 'file'; readonly infoHash: string; readonly name: string | undefined }
  | { readonly kind: 'call'; readonly address: string };

/** Longest name or address taken from a link. [UTF-16 units] Both are shorter when made here; more is not read. */
const MAX_TEXT = 256;

const INFO_HASH = /^[0-9a-f]{40}$/;

/** Reads `#f=<infohash>&n=<name>` or `#call=<address>`; undefined for anything else. */
export function parseHashLink(hash: string): HashLink | undefined {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  const infoHash = fields.get('f')?.toLowerCase();
  if (infoHash !== undefined && INFO_HASH.test(infoHash)) {
    const name = fields.get('n')?.slice(0, MAX_TEXT);
    return { kind: 'file', infoHash, name: name === '' ? undefined : name };
  }
  const address = fields.get('call')?.trim();
  if (address === undefined || address === '' || address.length > MAX_TEXT) return undefined;
  return { kind: 'call', address };
}

/** A link to the page at `base` that opens straight into a download. */
export function fileLink(base: string, infoHash: string, name: string): string {
  return `${base}#f=${infoHash}&n=${encodeText(name.slice(0, MAX_TEXT))}`;
}

/** A link to the page at `base` that offers to call someone. */
export function callLink(base: string, address: string): string {
  return `${base}#call=${encodeText(address)}`;
}

/** The magnet link for an info-hash (BEP 9), with the display name if there is one. */
export function magnetFor(infoHash: string, name: string | undefined): string {
  const display = name === undefined ? '' : `&dn=${encodeText(name)}`;
  return `magnet:?xt=urn:btih:${infoHash}${display}`;
}

/**
 * The magnet link that a pasted text means: a link of ours, a magnet link, or a bare info-hash.
 * Undefined when it is none of them. Magnet links are passed on as they are; `download` checks them.
 */
export function sourceFromText(text: string): string | undefined {
  const trimmed = text.trim();
  if (/^magnet:\?/i.test(trimmed)) return trimmed;
  if (INFO_HASH.test(trimmed.toLowerCase())) return magnetFor(trimmed.toLowerCase(), undefined);
  const at = trimmed.indexOf('#');
  const link = at < 0 ? undefined : parseHashLink(trimmed.slice(at));
  return link?.kind === 'file' ? magnetFor(link.infoHash, link.name) : undefined;
}

/** The address that a pasted text means: a call link of ours, or the text itself. */
export function addressFromText(text: string): string {
  const trimmed = text.trim();
  const at = trimmed.indexOf('#');
  const link = at < 0 ? undefined : parseHashLink(trimmed.slice(at));
  return link?.kind === 'call' ? link.address : trimmed;
}

/** As `encodeURIComponent`, which throws at half of a surrogate pair; a cut or hostile name may hold one. */
function encodeText(text: string): string {
  return encodeURIComponent(text.replace(/[\ud800-\udfff]/gu, '\ufffd'));
}
