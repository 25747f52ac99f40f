/** What of the browser decides whether files can be played. */
export interface PlayingMeans {
  /** Opened over https or on localhost. */
  readonly isSecure: boolean;
  readonly hasServiceWorker: boolean;
}

/** Why nothing can be played on this page, and what to do; undefined when it can. */
export function playProblem({ isSecure, hasServiceWorker }: PlayingMeans): string | undefined {
  if (hasServiceWorker) return undefined;
  return isSecure
    ? 'Nothing can be played here: this window has no service workers, as private windows of some browsers. Save the file and open it.'
    : 'Nothing can be played here: browsers allow that only on pages opened over https or on localhost. Save the file and open it.';
}

/** What is said below a player that waits for data; undefined while it plays. */
export function waitingSentence(isWaiting: boolean, isPaused: boolean, isComplete: boolean): string | undefined {
  if (!isWaiting || isComplete) return undefined;
  return isPaused
    ? 'What comes next is not here yet, and the download is paused. Resume it to go on.'
    : 'Waiting for what comes next…';
}

/** Code of `MediaError`: the data did not come. */
const MEDIA_ERR_NETWORK = 2;

/** Why a player gave up, by the code of its `MediaError`. */
export function playerProblem(code: number | undefined): string {
  return code === MEDIA_ERR_NETWORK
    ? 'The file stopped coming. Close the player and press play again.'
    : 'This browser cannot play this file. Save it and open it with another program.';
}
