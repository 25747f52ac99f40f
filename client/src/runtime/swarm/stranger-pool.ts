import {
  MAX_GIVER_CONNECTIONS,
  MAX_OFFER_CONNECTIONS,
  MAX_STRANGER_CONNECTIONS,
  MAX_TRACKER_SOCKETS,
} from '../../../../shared/src/limits/trackers.ts';

/** What a place is for: a tracker, an answer to an offer, an offer of who lacks something, or one of who does not. */
export type PlaceUse = 'tracker' | 'answer' | 'taker' | 'giver';

/** Places that are in use at most when one more is given. */
const MOST: Readonly<Record<PlaceUse, number>> = {
  tracker: MAX_TRACKER_SOCKETS,
  answer: MAX_STRANGER_CONNECTIONS,
  taker: MAX_OFFER_CONNECTIONS,
  giver: MAX_GIVER_CONNECTIONS,
};

/** The places for connections to trackers and strangers that all torrents of a tab share. */
export class StrangerPool {
  #trackers = 0;
  #strangers = 0;

  /** Takes a place; the function that is returned gives it back, once. Undefined when there is none. */
  take(use: PlaceUse): (() => void) | undefined {
    const isTracker = use === 'tracker';
    if ((isTracker ? this.#trackers : this.#strangers) >= MOST[use]) return undefined;
    if (isTracker) this.#trackers++;
    else this.#strangers++;
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      if (isTracker) this.#trackers--;
      else this.#strangers--;
    };
  }
}
