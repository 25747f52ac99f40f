import type { CallEnd } from '../../calls/types.ts';

/** Who ended a call and how, as far as words need it. */
export interface EndFacts {
  readonly end: CallEnd;
  /** The other person. */
  readonly name: string;
  readonly isOutgoing: boolean;
  /** We ended it ourselves. */
  readonly isOurs: boolean;
  readonly hasRelay: boolean;
  readonly relayOnly: boolean;
}

/** What to tell a person about the end of a call: what happened, and one thing to do. */
export function endSentence(facts: EndFacts): string {
  const { end, name, isOutgoing, isOurs } = facts;
  switch (end) {
    case 'hung-up':
      return isOurs ? 'You hung up.' : `${name} hung up.`;
    case 'declined':
      return isOurs ? `You declined the call from ${name}.` : `${name} declined the call.`;
    case 'busy':
      return isOurs ? `You told ${name} that you are busy.` : `${name} is in another call. Try again later.`;
    case 'cancelled':
      return isOurs ? 'You cancelled the call.' : `${name} cancelled the call.`;
    case 'no-answer':
      if (isOurs) return `You ignored the call from ${name}. It rings on for ${name}.`;
      return isOutgoing ? `${name} did not answer. Try again later.` : `You missed a call from ${name}.`;
    case 'answered-elsewhere':
      return 'The call was answered on another device.';
    case 'not-found':
      return `${name} is not in the network now. Check the address, or ask them to open the page.`;
    case 'unreachable':
      return `${name} could not be reached. They may have closed the page: ask them to open it, then call again.`;
    case 'media-failed':
      return isOurs
        ? 'The camera, microphone or media connection failed. Check that no other program uses them, then call again.'
        : `The camera, microphone or media connection of ${name} failed. Call again, or try without the camera.`;
    case 'no-path':
      return noPathSentence(facts);
    case 'connection-lost':
      return `The connection to ${name} was lost and did not come back. Check your network, then call again.`;
    case 'error':
      return 'The call failed for a reason that neither side could name. Call again.';
  }
}

/** Shown while a lost path is being replaced. */
export function interruptedSentence(name: string): string {
  return `The connection to ${name} is interrupted. Looking for another way…`;
}

function noPathSentence({ name, hasRelay, relayOnly }: EndFacts): string {
  const still = 'Sharing files with peers you are linked to still works.';
  if (relayOnly && hasRelay) {
    return `No network path to ${name} was found through the relay (TURN) server. ${still} Ask the operator to check it.`;
  }
  if (relayOnly) {
    return (
      `No network path to ${name} was found: only a relay may be used, and no relay (TURN) is set up on this server. ` +
      `${still} Ask the operator to set up TURN.`
    );
  }
  if (hasRelay) {
    return (
      `No network path to ${name} was found, neither direct nor through the relay (TURN) server. ` +
      `${still} A firewall may block calls: try another network.`
    );
  }
  return (
    `No network path to ${name} was found: no direct connection is possible, and no relay (TURN) is set up on this ` +
    `server. ${still} Ask the operator to set up TURN.`
  );
}
