import type {
  CallEndReason,
  CallMedia,
  CallState,
  Download,
  LinkInfo,
  NodeStatus,
  SwarmProgress,
} from '../../index.ts';
import { formatTimer, plural } from './format.ts';

/** What the page knows when it says how the network is. */
export interface StatusFacts {
  readonly phase: 'joining' | 'joined' | 'failed';
  readonly status: NodeStatus | undefined;
  /** The server was connected at some time since the page was opened. */
  readonly wasConnected: boolean;
}

/** The state of the network in one line, as the header shows it. */
export function statusSentence({ phase, status, wasConnected }: StatusFacts): string {
  if (phase === 'failed') return 'Not connected. Skein could not start here.';
  if (!status) return 'Starting…';
  const { links, server } = status;
  if (server === 'connected')
    return links > 0 ? `Connected to ${plural(links, 'peer')} · ${pathsOf(status)}` : 'Looking for peers…';
  if (wasConnected) {
    return links > 0
      ? `The server is gone. You are still connected to ${plural(links, 'peer')}.`
      : 'The server is gone and no peer is connected. Trying again…';
  }
  if (links > 0) return `The server cannot be reached. You are connected to ${plural(links, 'peer')}.`;
  return server === 'connecting' ? 'Connecting to the server…' : 'The server cannot be reached. Trying again…';
}

/** The tone of the status: it decides colour and icon beside the words. */
export function statusTone({ phase, status, wasConnected }: StatusFacts): 'good' | 'waiting' | 'warning' | 'bad' {
  if (phase === 'failed') return 'bad';
  if (!status) return 'waiting';
  if (status.server === 'lost' || (status.server === 'connecting' && wasConnected))
    return status.links > 0 ? 'warning' : 'bad';
  return status.links > 0 ? 'good' : 'waiting';
}

/** How bytes travel, as a badge. */
export function pathWord(path: LinkInfo['path']): string {
  switch (path) {
    case 'direct':
      return 'Direct';
    case 'turn':
      return 'through TURN';
    case 'circuit':
      return 'through a peer';
  }
}

/** The state of a download in one or two words. */
export function downloadWord(download: Pick<Download, 'state' | 'progress'>, hasMetadata: boolean): string {
  const { peers, sources } = download.progress;
  switch (download.state) {
    case 'finding':
      if (hasMetadata) return 'Waiting for a source';
      return peers > 0 ? 'Getting the details' : 'Finding peers';
    case 'checking':
      return 'Checking what is here';
    case 'downloading':
      return sources === 0 ? 'Waiting for a source' : 'Downloading';
    case 'paused':
      return 'Paused';
    case 'done':
      return 'Done';
    case 'failed':
      return 'Stopped';
    case 'removed':
      return 'Removed';
  }
}

/** `3 sources · 4 peers`, or `4 peers` for something that is complete here. */
export function sourcesText(progress: SwarmProgress, isComplete: boolean): string {
  const peers = plural(progress.peers, 'peer');
  return isComplete ? peers : `${plural(progress.sources, 'source')} · ${peers}`;
}

/** The peers that were dropped, in a sentence; undefined when there are none. */
export function bannedSentence(banned: SwarmProgress['banned']): string | undefined {
  if (banned.length === 0) return undefined;
  const names = [...new Set(banned.map((peer) => peer.name ?? peer.id.slice(0, 8)))];
  const last = names.at(-1) ?? '';
  const who = names.length === 1 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
  const verb = names.length === 1 ? 'was' : 'were';
  return `${who} sent bad data and ${verb} dropped. What is stored here is verified.`;
}

/** The state of a call in words; `elapsedMs` is the time since the call was placed. */
export function callWord(state: CallState, reason: CallEndReason | undefined, elapsedMs: number): string {
  switch (state) {
    case 'trying':
      return 'Calling…';
    case 'ringing':
      return `Ringing… ${formatTimer(elapsedMs)}`;
    case 'established':
      return 'In call';
    case 'ended':
      return endWord(reason);
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

function pathsOf({ links, relayed }: NodeStatus): string {
  if (relayed === 0) return links === 1 ? 'direct' : 'all direct';
  if (relayed >= links) return 'through TURN';
  return `${links - relayed} direct, ${relayed} through TURN`;
}
