/** What a player of this page wants of a file. */
export interface MediaAsk {
  readonly infoHash: string;
  /** The file's place among the torrent's files. */
  readonly index: number;
  /** Its `Range` header; null when there is none. */
  readonly range: string | null;
}

/** Addresses at which players of this page find files that are in no server's hands. */
export interface MediaStreams {
  /** Has what players ask answered on the port that comes with it. Once. Returns what leaves it to others from then on. */
  serve(answer: (ask: MediaAsk, port: MessagePort) => void): () => void;
  /** Resolves to an address that works from then on. Rejects with `no-service-worker` where the browser allows none. */
  urlOf(infoHash: string, index: number, name: string): Promise<string>;
}
