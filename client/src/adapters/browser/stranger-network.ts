import type {
  StrangerConnection,
  StrangerHandler,
  StrangerIce,
  StrangerNetwork,
  TrackerHandler,
  TrackerLine,
} from '../../ports/strangers.ts';
import { isLocalHost, isLoopback } from '../../swarm/local-host.ts';
import { StrangerLink } from './stranger-link.ts';

/** WebTorrent trackers by WebSocket, and the peers that they introduce by WebRTC. */
export class BrowserStrangerNetwork implements StrangerNetwork {
  openTracker(url: string, handler: TrackerHandler): TrackerLine | undefined {
    return isAskable(url, location.protocol === 'https:') ? openLine(url, handler) : undefined;
  }

  connect(ice: StrangerIce, handler: StrangerHandler): StrangerConnection {
    return new StrangerLink(ice, handler);
  }
}

/**
 * True for a tracker that may be asked: by websocket, without name or password, and from a page of https only in safety, as
 * its browser would refuse anything else. A machine of the own network gets no query, which might do something there.
 */
export function isAskable(url: string, isSecurePage: boolean): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password, hostname, search } = new URL(url);
  if ((protocol !== 'ws:' && protocol !== 'wss:') || username !== '' || password !== '') return false;
  if (search !== '' && isLocalHost(hostname)) return false;
  return protocol === 'wss:' || !isSecurePage || isLoopback(hostname);
}

function openLine(url: string, handler: TrackerHandler): TrackerLine | undefined {
  let socket: WebSocket;
  try {
    socket = new WebSocket(url);
  } catch {
    // A port that browsers never connect to, or a policy of the page.
    return undefined;
  }
  socket.onopen = () => handler.opened();
  socket.onclose = () => handler.closed();
  socket.onmessage = ({ data }: MessageEvent<unknown>) => handler.received(typeof data === 'string' ? data : undefined);
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => {
      socket.onopen = socket.onclose = socket.onmessage = null;
      socket.close();
    },
  };
}
