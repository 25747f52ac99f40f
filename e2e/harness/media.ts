import { deterministicBytes, hashBytes } from './files.ts';
import type { Tab } from './tab.ts';

/** What a player is answered: the head, and of the body as much as was asked for. */
export interface MediaReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly length: number;
  readonly sha256: string;
}

/** Asks for a file of a share or download by its address, as a player does, with this `Range` header. */
export function askForMedia(tab: Tab, infoHash: string, path: string, range: string | undefined): Promise<MediaReply> {
  return tab.page.evaluate(
    async ({ hash, name, value }) => {
      const download = window.skein.downloads.find((each) => each.infoHash === hash);
      const files = download?.files() ?? window.skein.shares.find((each) => each.infoHash === hash)?.files ?? [];
      const url = await files.find((file) => file.path === name)?.mediaUrl();
      const response = await fetch(url ?? '', { headers: value === undefined ? {} : { range: value } });
      const bytes = await response.arrayBuffer();
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        length: bytes.byteLength,
        sha256: [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join(''),
      };
    },
    { hash: infoHash, name: path, value: range },
  );
}

/** A part of a file that `FileFolder.make` makes of this size and seed. */
export function partHash(size: number, seed: number, begin: number, end: number): string {
  return hashBytes(deterministicBytes(size, seed).subarray(begin, end));
}
