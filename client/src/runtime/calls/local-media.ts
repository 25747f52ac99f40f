import { MediaError, type MediaKinds, type MediaPort } from '../../ports/media.ts';

export type MediaKind = 'audio' | 'video';

/** Both of them, in the order in which they are offered. */
export const MEDIA_KINDS: readonly MediaKind[] = ['audio', 'video'];

/** What local media tells its call. */
export interface LocalMediaHandler {
  /** A track came, went, or was muted: connect `trackOf(kind)`, and say `muted` to the other side. */
  changed(kind: MediaKind): void;
  /** A kind that was asked for could not be opened, or stopped by itself. `changed` follows. */
  failed(kind: MediaKind, error: MediaError): void;
}

/**
 * The microphone and camera of one call. A muted microphone stays open with its track disabled, so that it is back at
 * once; a camera that is off is closed, so that its light is off, and its ended track stays in the stream as a sign that
 * there is a camera to switch on again. A kind without a track counts as muted.
 */
export class LocalMedia {
  readonly #port: MediaPort;
  readonly #handler: LocalMediaHandler;
  readonly #tracks = new Map<MediaKind, MediaStreamTrack>();
  readonly #wanted: Record<MediaKind, boolean> = { audio: false, video: false };
  /** Openings under way, one per kind. */
  readonly #opening = new Set<MediaKind>();
  #stream: MediaStream | undefined;
  #isClosed = false;

  constructor(port: MediaPort, handler: LocalMediaHandler) {
    this.#port = port;
    this.#handler = handler;
  }

  /** The self view: one stream as long as the call lives. Undefined before `open`. */
  get stream(): MediaStream | undefined {
    return this.#stream;
  }

  get muted(): MediaKinds {
    return { audio: !this.#wanted.audio, video: !this.#wanted.video };
  }

  /** What is sent of that kind now. */
  trackOf(kind: MediaKind): MediaStreamTrack | undefined {
    const track = this.#tracks.get(kind);
    return track?.readyState === 'live' ? track : undefined;
  }

  /** Opens what the call starts with. Rejects with `MediaError`, and may then be tried again with another choice. */
  async open(kinds: MediaKinds): Promise<void> {
    const tracks = await this.#port.open(kinds);
    this.#stream ??= new MediaStream();
    this.#wanted.audio = kinds.audio;
    this.#wanted.video = kinds.video;
    for (const track of tracks) this.#add(track);
  }

  /**
   * Mutes or unmutes. Opens what is not open; then `changed` follows when it is, or `failed`. Does nothing before `open`:
   * a call that is not answered opens no camera.
   */
  mute(kind: MediaKind, on: boolean): void {
    if (this.#isClosed || !this.#stream || this.#wanted[kind] === !on) return;
    const track = this.#tracks.get(kind);
    this.#wanted[kind] = !on;
    if (on && kind === 'video') track?.stop();
    else if (track?.readyState === 'live') track.enabled = !on;
    else if (!on) return void this.#reopen(kind);
    this.#handler.changed(kind);
  }

  close(): void {
    this.#isClosed = true;
    for (const track of this.#tracks.values()) track.stop();
    this.#tracks.clear();
    this.#stream = undefined;
  }

  async #reopen(kind: MediaKind): Promise<void> {
    if (this.#opening.has(kind)) return;
    this.#opening.add(kind);
    try {
      const tracks = await this.#port.open({ audio: kind === 'audio', video: kind === 'video' });
      // Muted again while it was opening: a camera is closed, a microphone is kept.
      if (this.#wanted[kind] || kind === 'audio') for (const track of tracks) this.#add(track);
      else for (const track of tracks) track.stop();
    } catch (error) {
      this.#wanted[kind] = false;
      const known = error instanceof MediaError ? error : new MediaError('media-failed', String(error));
      if (!this.#isClosed) this.#handler.failed(kind, known);
    }
    this.#opening.delete(kind);
    if (!this.#isClosed) this.#handler.changed(kind);
  }

  #add(track: MediaStreamTrack): void {
    if (this.#isClosed) return track.stop();
    const kind = track.kind === 'audio' ? 'audio' : 'video';
    this.#remove(kind);
    this.#tracks.set(kind, track);
    this.#stream?.addTrack(track);
    track.enabled = this.#wanted[kind];
    // Unplugged, or the permission was taken back.
    track.onended = () => {
      if (this.#tracks.get(kind) !== track) return;
      this.#wanted[kind] = false;
      this.#handler.failed(kind, stopped(kind));
      this.#handler.changed(kind);
    };
  }

  #remove(kind: MediaKind): void {
    const track = this.#tracks.get(kind);
    if (!track) return;
    track.onended = null;
    track.stop();
    this.#stream?.removeTrack(track);
    this.#tracks.delete(kind);
  }
}

function stopped(kind: MediaKind): MediaError {
  const device = kind === 'audio' ? 'microphone' : 'camera';
  const message = `The ${device} stopped: it was unplugged, or the browser took it away. See to that, then switch it on again.`;
  return new MediaError('media-failed', message);
}
