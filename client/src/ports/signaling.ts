import type { Contact, Key, NodeId } from '../../../shared/src/ids.ts';

/** State of the connection to the signaling server, as people are shown it. */
export type ServerState = 'connected' | 'connecting' | 'lost';

/** What the server tells the node. */
export interface SignalingHandler {
  /** The socket's state changed; `detail` says why in plain words when it is not `connected`. */
  state(state: ServerState, detail?: string): void;
  /**
   * The server accepted the proof of the peer key. `introductions` are at most 5 peers to link to first. `clockAheadMs`: how
   * far its wall clock is ahead of ours; undefined when it does not say. [ms]
   */
  joined(introductions: readonly Contact[], clockAheadMs: number | undefined): void;
  /** A sealed signal from another peer, relayed unread. */
  signal(from: NodeId, sealed: Uint8Array): void;
}

/** A tracker's answer: peers of an info-hash, without ourselves. */
export interface TrackerPeers {
  readonly peers: readonly Contact[];
  /** When to announce again. [ms] */
  readonly intervalMs: number;
}

/** The client end of the signaling server. It reconnects and joins again by itself until closed. */
export interface Signaling {
  start(handler: SignalingHandler): void;
  /** Relays `sealed` to `to`. False when the server is not connected or does not know the peer. Never rejects. */
  signal(to: NodeId, sealed: Uint8Array): Promise<boolean>;
  /** Asks for fresh introductions; empty when the server is not reachable. Never rejects. */
  introductions(): Promise<readonly Contact[]>;
  /** Announces this peer for `infoHash` and asks for others; undefined when the server is not reachable. Never rejects. */
  announce(infoHash: Key, event: 'started' | 'completed' | 'update'): Promise<TrackerPeers | undefined>;
  /** Takes this peer out of the swarm of `infoHash`. Never rejects. */
  leave(infoHash: Key): Promise<void>;
  /** The device is in a network again: a connection that is waited for is tried now. */
  hurry(): void;
  close(): void;
}
