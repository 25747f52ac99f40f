/** How the service worker, the page and the swarm worker talk when a player of the page asks for a file. */

/** Folder, under the service worker's scope, of the addresses that players are given. */
export const MEDIA_FOLDER = 'media';

/** The service worker asks a page for a file of which a player wants something. A port comes with it. */
export interface MediaRequest {
  readonly kind: 'skein-media';
  /** What the player named: the torrent, and the file's place among its files. */
  readonly infoHash: string;
  readonly index: number;
  /** The `Range` header; null when there is none. */
  readonly range: string | null;
}

/** The page's first word on that port. What follows are a reader's `ReadReply`s. */
export type MediaHead =
  | { readonly kind: 'head'; readonly status: number; readonly headers: readonly (readonly [string, string])[] }
  /** There is no such file here. */
  | { readonly kind: 'missing' };

/** A page that no service worker controls yet asks to be. */
export interface ClaimRequest {
  readonly kind: 'skein-claim';
}

/** Where a player finds a file, below the scope. The name is for people who look: nothing reads it. */
export function mediaPath(infoHash: string, index: number, name: string): string {
  return `${MEDIA_FOLDER}/${infoHash}/${index}/${encodeURIComponent(name)}`;
}

/** What a path below the scope names; undefined for all that is no address of a file. Total. */
export function parseMediaPath(path: string): { readonly infoHash: string; readonly index: number } | undefined {
  const match = /^media\/([0-9a-f]{40})\/(\d{1,6})\/[^/]*$/.exec(path);
  return match?.[1] === undefined ? undefined : { infoHash: match[1], index: Number(match[2]) };
}
