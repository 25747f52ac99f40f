import { MAX_REMOTE_CANDIDATES } from '../../../../shared/src/limits/calls.ts';

/** How many candidates the other side of a call may still name. ICE restarts give it new ones: the browser drops the old. */
export class CandidateBudget {
  #fragment: string | undefined;
  #count = 0;

  /** A description came, with the candidates that it names. False: those are too many. */
  takeDescription(sdp: string): boolean {
    const fragment = /^a=ice-ufrag:(.*)$/m.exec(sdp)?.[1];
    if (fragment !== this.#fragment) this.#count = 0;
    this.#fragment = fragment;
    return this.take(sdp.match(/^a=candidate:/gm)?.length ?? 0);
  }

  /** Some more came. False: those are too many. */
  take(count = 1): boolean {
    if (this.#count + count > MAX_REMOTE_CANDIDATES) return false;
    this.#count += count;
    return true;
  }
}
