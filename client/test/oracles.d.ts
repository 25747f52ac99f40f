/** What the tests use of packages without types. */

declare module 'parse-torrent' {
  interface ParsedTorrent {
    readonly infoHash: string;
    readonly name: string;
    readonly announce: readonly string[];
    readonly urlList: readonly string[];
    readonly pieceLength: number;
    readonly lastPieceLength: number;
    readonly pieces: readonly string[];
    readonly length: number;
    readonly files: readonly { readonly path: string; readonly length: number; readonly offset: number }[];
    /** File indices of a magnet link's `so`. */
    readonly so?: readonly number[];
    readonly dn?: string;
    readonly ws?: string | readonly string[];
  }
  export default function parseTorrent(source: string | Uint8Array): Promise<ParsedTorrent>;
  export function toMagnetURI(torrent: object): string;
}

declare module 'create-torrent' {
  export default function createTorrent(
    input: readonly File[] | File,
    options: {
      readonly name?: string;
      readonly pieceLength?: number;
      readonly announceList?: readonly (readonly string[])[];
    },
    done: (error: Error | null, torrent: Uint8Array) => void,
  ): void;
}
