/** What a connection to a tracker tells its owner. Never called from inside a call to the connection. */
export interface TrackerHandler {
  opened(): void;
  /** It is gone, or did not come to be. Once, and not after `close`. */
  closed(): void;
  /** A message; undefined for one that is no text. */
  received(text: string | undefined): void;
}

/** A connection to a tracker. */
export interface TrackerLine {
  /** What is sent before it is open, or after it closed, is lost. */
  send(text: string): void;
  close(): void;
}

/** What a connection to a stranger tells its owner. */
export interface StrangerHandler {
  /** Its channel, in the task that made it: it can be transferred in this one alone. Once. */
  channel(channel: RTCDataChannel): void;
  /** The other side was reached. Once. */
  connected(): void;
  /** It is gone for good. Once, and not after `close`. */
  closed(): void;
}

/** A connection to a peer of a foreign swarm: one channel, and descriptions that are whole when they leave. */
export interface StrangerConnection {
  /** The description for whoever answers it. Makes the channel at once. Rejects when none can be made. */
  offer(): Promise<string>;
  /** The answer to it. */
  accept(sdp: string): void;
  /** The answer to an offer of another. Rejects for one that is not taken. */
  answer(sdp: string): Promise<string>;
  close(): void;
}

/** How the connections are made. */
export interface StrangerIce {
  readonly iceServers: readonly RTCIceServer[];
  readonly relayOnly: boolean;
}

/** The ways to WebTorrent trackers and to the peers that they introduce. */
export interface StrangerNetwork {
  /** Undefined for what is no tracker that a page like this one can reach, and for a machine that is nobody's business. */
  openTracker(url: string, handler: TrackerHandler): TrackerLine | undefined;
  /** Throws where the browser allows no further connection. */
  connect(ice: StrangerIce, handler: StrangerHandler): StrangerConnection;
}
