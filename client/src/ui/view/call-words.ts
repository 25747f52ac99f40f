import type { Call, CallEndReason, CallMedia } from '../../index.ts';
import { formatTimer } from './format.ts';

/** The state in words of a call that was placed or answered; `elapsedMs` is the time since then. */
export function callWord(call: Pick<Call, 'direction' | 'state' | 'endReason' | 'path'>, elapsedMs: number): string {
  switch (call.state) {
    case 'trying':
      return 'Calling…';
    case 'ringing':
      // Here it rings no more: the caller has yet to hear of the answer.
      return call.direction === 'incoming' ? 'Connecting…' : `Ringing… ${formatTimer(elapsedMs)}`;
    case 'established':
      // Agreed on, but nothing is heard before media has a path, or while it has none.
      return call.path ? 'In call' : 'Connecting…';
    case 'ended':
      return endWord(call.endReason);
  }
}

/** Why a call ended, in a few words. */
export function endWord(reason: CallEndReason | undefined): string {
  switch (reason) {
    case undefined:
    case 'hung-up':
      return 'Call ended';
    case 'declined':
      return 'Declined';
    case 'busy':
      return 'Busy';
    case 'cancelled':
      return 'Cancelled';
    case 'no-answer':
      return 'No answer';
    case 'answered-elsewhere':
      return 'Answered on another device';
    case 'not-found':
      return 'Not found';
    case 'unreachable':
      return 'Cannot be reached';
    case 'media-failed':
      return 'Camera or microphone failed';
    case 'no-path':
      return 'No path found';
    case 'connection-lost':
      return 'Connection lost';
    case 'error':
      return 'Call failed';
  }
}

/** Why there was no call at all, by the code of the error, in a few words. */
export function failWord(code: string): string {
  switch (code) {
    case 'not-found':
      return endWord('not-found');
    case 'no-links':
    case 'timeout':
    case 'unreachable':
      return endWord('unreachable');
    case 'bad-argument':
      return 'Not an address';
    default:
      return endWord('error');
  }
}

/** Why a call ended and what to do, for calls that bring no sentence of their own. */
export function endSentence(reason: CallEndReason | undefined, name: string): string {
  switch (reason) {
    case undefined:
    case 'hung-up':
    case 'cancelled':
      return `The call with ${name} is over.`;
    case 'declined':
      return `${name} declined the call.`;
    case 'busy':
      return `${name} is in another call. Try again later.`;
    case 'no-answer':
      return `${name} did not answer. Try again later.`;
    case 'answered-elsewhere':
      return 'The call was answered on another device.';
    case 'not-found':
      return `${name} is not in the network now. Check the address, or ask them to open the page.`;
    case 'unreachable':
      return `${name} could not be reached. They may have closed the page.`;
    case 'media-failed':
      return 'Camera or microphone could not be used. Check that no other program holds them, then call again.';
    case 'no-path':
      return 'Your networks found no way to each other. A TURN server, set up by whoever runs this page, would help.';
    case 'connection-lost':
      return `The connection to ${name} broke and did not come back. Call again to go on.`;
    case 'error':
      return 'Something went wrong with this call. Call again.';
  }
}

/** Whose calls were missed: two or three by name, and of more the first two. */
export function missedTitle(names: readonly string[]): string {
  const said = names.length > 3 ? [...names.slice(0, 2), 'others'] : names;
  const last = said.at(-1) ?? '';
  if (said.length < 2) return `You missed a call from ${last}`;
  return `You missed calls from ${said.slice(0, -1).join(', ')} and ${last}`;
}

/** What a caller asks for. */
export function offerSentence(offered: CallMedia): string {
  if (offered.video) return 'Wants a video call with you';
  return offered.audio ? 'Wants to talk with you' : 'Calls without camera and microphone';
}

/** What the other side has switched off; undefined when nothing. */
export function remoteMutedSentence(muted: { readonly audio: boolean; readonly video: boolean }): string | undefined {
  if (muted.audio && muted.video) return 'Microphone and camera are off on the other side';
  if (muted.audio) return 'The microphone is muted on the other side';
  return muted.video ? 'The camera is off on the other side' : undefined;
}
