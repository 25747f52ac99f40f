/** Which kinds of media are meant. */
export interface MediaKinds {
  readonly audio: boolean;
  readonly video: boolean;
}

/**
 * Why no microphone or camera could be opened. `media-denied`: a person or a policy said no. `media-missing`: there is
 * none, or the page is not a secure context. `media-failed`: it is there but does not work, e.g. another program has it.
 */
export type MediaErrorCode = 'media-denied' | 'media-missing' | 'media-failed';

export class MediaError extends Error {
  readonly code: MediaErrorCode;

  /** `message` is a sentence for people. */
  constructor(code: MediaErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MediaError';
    this.code = code;
  }
}

/** Microphones, cameras, and the connections that carry them. */
export interface MediaPort {
  /**
   * Opens a microphone, a camera or both; no kind gives no tracks. The tracks are the caller's to stop.
   * Rejects with `MediaError`, and then nothing is left open.
   */
  open(kinds: MediaKinds): Promise<MediaStreamTrack[]>;
  /** True when `open` would not ask a person. False when that is unknown. Never rejects. */
  isGranted(kinds: MediaKinds): Promise<boolean>;
  /** A new connection. Throws where the browser has no WebRTC. */
  connect(configuration: RTCConfiguration): RTCPeerConnection;
}
