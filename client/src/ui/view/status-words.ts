import type { LinkInfo, NodeStatus } from '../../index.ts';
import { plural } from './plural.ts';

/** What the page knows when it says how the network is. */
export interface StatusFacts {
  readonly phase: 'joining' | 'joined' | 'failed';
  readonly status: NodeStatus | undefined;
  /** The server was connected at some time since the page was opened. */
  readonly wasConnected: boolean;
  /** The browser says that this device is in no network. */
  readonly isOffline: boolean;
}

/** The state of the network in one line, as the header shows it. */
export function statusSentence({ phase, status, wasConnected, isOffline }: StatusFacts): string {
  if (phase === 'failed') return 'Not connected. Skein could not start here.';
  if (!status) return 'Starting…';
  const { links, server } = status;
  if (server === 'connected')
    return links > 0 ? `Connected to ${plural(links, 'peer')} · ${pathsOf(status)}` : 'Looking for peers…';
  if (isOffline) return 'This device is in no network. Trying again…';
  if (wasConnected) {
    return links > 0
      ? `The server is gone. You are still connected to ${plural(links, 'peer')}.`
      : 'Neither the server nor a peer can be reached. Trying again…';
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

function pathsOf({ links, relayed }: NodeStatus): string {
  if (relayed === 0) return links === 1 ? 'direct' : 'all direct';
  if (relayed >= links) return 'through TURN';
  return `${links - relayed} direct, ${relayed} through TURN`;
}
