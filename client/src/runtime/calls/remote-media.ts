import type { MediaChoice } from '../../calls/types.ts';
import { MEDIA_KINDS, type MediaKind } from './local-media.ts';

/** What the other side of a call sends, as one stream for a media element. */
export class RemoteMedia {
  /** What the other side says that it does not send. */
  muted: MediaChoice = { audio: true, video: true };
  readonly #stream = new MediaStream();
  #hasTracks = false;

  /** Undefined until there is a track. */
  get stream(): MediaStream | undefined {
    return this.#hasTracks ? this.#stream : undefined;
  }

  /**
   * Holds the tracks that the other side sends. One that it does not send is left out, or a media element would wait for
   * its first frame before it plays the rest.
   */
  update(trackOf: (kind: MediaKind) => MediaStreamTrack | undefined): void {
    for (const kind of MEDIA_KINDS) {
      const track = trackOf(kind);
      const isSent = track !== undefined && !this.#isLeftOut(kind);
      for (const old of this.#stream.getTracks()) {
        if (old.kind === kind && (old !== track || !isSent)) this.#stream.removeTrack(old);
      }
      if (isSent) this.#stream.addTrack(track);
      this.#hasTracks ||= track !== undefined;
    }
  }

  /** The call is over: nothing of it is shown any more. */
  close(): void {
    this.#hasTracks = false;
    for (const track of this.#stream.getTracks()) this.#stream.removeTrack(track);
  }

  /** A muted microphone goes on sending silence, so only pictures come and go. */
  #isLeftOut(kind: MediaKind): boolean {
    return kind === 'video' && this.muted.video;
  }
}
