import type { StatusFacts } from './status-words.ts';

/** What a page without links knows of why. */
export interface AloneFacts extends Pick<StatusFacts, 'phase' | 'status' | 'isOffline'> {
  /** A few seconds have passed since the start. */
  readonly isLate: boolean;
  /** There was a link at some time since the page was opened. */
  readonly wasLinked: boolean;
}

/** One step of the start, and how far it is. */
export interface Step {
  readonly text: string;
  readonly tone: 'good' | 'waiting' | 'warning' | 'bad';
}

/** Who is missing, and how to get them. */
export function aloneSentence({ phase, status, isOffline, wasLinked }: AloneFacts): string {
  if (phase === 'failed') return 'There is no network here yet.';
  if (isOffline) return 'Nobody can be reached until this device is in a network again.';
  if (status && status.server !== 'connected') {
    // It may be this device that is cut off: nobody is said to have left.
    return wasLinked
      ? 'Nobody can be reached now. The page goes on by itself as soon as somebody can.'
      : 'Nobody is here yet: the server is needed to find the first one.';
  }
  const who = wasLinked ? 'Everyone else has left.' : "You're the first one here.";
  return `${who} Open this page in another tab or on another device.`;
}

/** How far the start has come; nothing of one that failed, which goes no further. */
export function stepsOf({ phase, status, isLate, wasLinked }: AloneFacts): readonly Step[] {
  if (phase === 'failed') return [];
  const server = status?.server === 'connected' ? 'good' : status?.server === 'lost' ? 'bad' : 'waiting';
  return [
    { text: 'Identity of this tab', tone: phase === 'joined' ? 'good' : 'waiting' },
    { text: server === 'bad' ? 'Server not reached' : 'Server', tone: server },
    {
      text: wasLinked ? 'A link to a peer' : 'First link to a peer',
      tone: status?.linkProblem && isLate ? 'warning' : 'waiting',
    },
    { text: 'Joined the network', tone: status?.joined === true ? 'good' : 'waiting' },
  ];
}
