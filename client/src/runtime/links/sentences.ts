import type { HandshakeErrorCode } from './handshake.ts';
import type { LinkErrorCode } from './types.ts';

/** What of the configuration decides why ICE failed. */
export interface IceSituation {
  readonly hasTurn: boolean;
  readonly relayOnly: boolean;
  /** False when our own description had no relayed candidate although relays are configured. */
  readonly didRelayAnswer: boolean;
}

/** Why no path was found, in a sentence for people, with one thing to do. */
export function describeIceFailure({ hasTurn, relayOnly, didRelayAnswer }: IceSituation): string {
  if (relayOnly && !hasTurn) {
    return 'Only relayed paths are allowed, and no relay (TURN server) is configured. Allow direct paths or name a relay.';
  }
  if (relayOnly && !didRelayAnswer) {
    return 'Only relayed paths are allowed, and the relay (TURN server) did not answer. Check that it can be reached.';
  }
  if (relayOnly) return 'The relay (TURN server) could not join this device and the other one. Try again in a moment.';
  if (!hasTurn) {
    return 'No direct path was found between this device and the other one, and no relay (TURN server) is configured. Another network on either side may help.';
  }
  if (!didRelayAnswer) {
    return 'No direct path was found, and the relay (TURN server) did not answer. Another network on either side may help.';
  }
  return 'No direct path was found, and the way through the relay (TURN server) failed as well. Another network on either side may help.';
}

const REFUSALS: Readonly<Record<HandshakeErrorCode, string>> = {
  version: 'The other side runs another version of Skein. Reload the page on both sides.',
  malformed: 'The other side sent an unreadable greeting, so the link was refused.',
  'wrong-peer': 'Somebody else answered in place of the peer that was asked for, so the link was refused.',
  'bad-proof': 'The other side could not prove who it is, so the link was refused: somebody may sit in between.',
  'unexpected-frame': 'The other side broke the rules of the greeting, so the link was refused.',
  'too-many-frames': 'The other side sent too much during the greeting, so the link was refused.',
  'no-signature': 'This browser could not sign the greeting. Reload the page.',
};

export function describeRefusal(code: HandshakeErrorCode): string {
  return REFUSALS[code];
}

const FAILURES: Readonly<Record<LinkErrorCode, string>> = {
  timeout: 'The other side did not answer in time. It may have gone; try again in a moment.',
  'ice-failed': 'No path was found between this device and the other one.',
  'handshake-refused': 'The other side could not prove who it is, so the link was refused.',
  'over-budget': 'This device has as many links as it keeps open. Try again in a moment.',
  'not-needed': 'The other side has links enough, and neither side needs this one.',
  unreachable: 'Nobody could carry a message to that peer. It may have gone; try again in a moment.',
  superseded: 'The other side took its offer back. Try again in a moment.',
  closed: 'The other side closed the connection while it was being set up. Try again in a moment.',
  local: 'The link was closed here.',
};

export function describeFailure(code: LinkErrorCode): string {
  return FAILURES[code];
}
