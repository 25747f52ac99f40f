/** The codes of every error the library rejects with. A closed list: match on these, never on texts. */
export type SkeinErrorCode =
  | 'aborted'
  | 'bad-argument'
  | 'bad-magnet'
  | 'bad-metainfo'
  | 'bad-signature'
  | 'call-ended'
  | 'cas-mismatch'
  /** Of a download: it turned out to be the same hybrid torrent as another one, which goes on and is named. */
  | 'duplicate'
  | 'expired'
  | 'internal'
  | 'left'
  | 'link-failed'
  | 'media-denied'
  | 'media-failed'
  | 'media-missing'
  | 'no-links'
  | 'no-service-worker'
  | 'no-webrtc'
  | 'not-found'
  | 'not-ready'
  | 'over-budget'
  | 'quota'
  | 'refused'
  | 'stale-sequence'
  | 'storage-failed'
  | 'storage-full'
  | 'timeout'
  | 'too-large'
  | 'uncertain'
  | 'unreachable'
  | 'wrong-key';

/** The one error class of the public door. `message` is a sentence for people: what happened and what to do. */
export class SkeinError extends Error {
  readonly code: SkeinErrorCode;
  /** Of `uncertain`: the number of the version that may have been stored. */
  readonly sequence: number | undefined;

  constructor(code: SkeinErrorCode, message: string, options?: ErrorOptions & { readonly sequence?: number }) {
    super(message, options);
    this.name = 'SkeinError';
    this.code = code;
    this.sequence = options?.sequence;
  }
}
