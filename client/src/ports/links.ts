/** How bytes travel on a link: straight between the peers, through the operator's TURN server, or (later) a third peer. */
export type LinkPath = 'direct' | 'turn' | 'circuit';

/** The pair of candidates that a connection uses. */
export interface PairInfo {
  readonly path: LinkPath;
  /** Undefined when not measured yet. [ms] */
  readonly rttMs: number | undefined;
  /** The public network that the other end is in, as far as the connection shows it: an IPv4 /24 or an IPv6 /48. */
  readonly network: string | undefined;
}

/**
 * What became of a message for the control channel. `wait`: the queue is over its high-water mark, hold further messages
 * until `writable`. `refused`: it can never be sent, and nothing follows that one could wait for.
 */
export type SendOutcome = 'sent' | 'wait' | 'refused';

/** Why a raw connection ended. */
export type RawCloseReason = 'closed' | 'ice-failed' | 'error';

/** What a raw connection tells its owner. All callbacks come asynchronously, never from inside a call to the connection. */
export interface RawConnectionHandler {
  /** The whole local description with its candidates, to be carried to the other side. Once per side. */
  description(sdp: string): void;
  /** The control channel is open both ways. */
  open(): void;
  /** One whole message on the control channel. The array is the receiver's own. */
  message(bytes: Uint8Array): void;
  /** The control channel has room again after `send` returned `wait`. */
  writable(): void;
  /** The connection is gone for good. Called once, and nothing after it. */
  closed(reason: RawCloseReason, detail: string): void;
}

/** One connection between two browsers, as the link layer needs it. */
export interface RawConnection {
  /** False as soon as the control channel is gone, which may be before `closed` says so. */
  readonly isOpen: boolean;
  /** Takes the other side's description. A malformed one closes the connection with `error`. */
  accept(sdp: string): void;
  /** Sends on the control channel. Messages above `MAX_CONTROL_MESSAGE_BYTES` are refused, and all once it is closed. */
  send(bytes: Uint8Array): SendOutcome;
  /** What was sent on the control channel and has not left yet. [bytes] 0 when the connection is gone. */
  readonly queuedBytes: number;
  /** SHA-256 DTLS certificate fingerprints, as 32 bytes each; undefined before both descriptions are set. */
  fingerprints(): { readonly local: Uint8Array; readonly remote: Uint8Array } | undefined;
  /** Opens a further ordered, reliable channel. Both sides open the same `id` (negotiated, RFC 8832 is not used). */
  openChannel(id: number, label: string): RTCDataChannel;
  /** What is known of the candidates in use; undefined while nothing is. Never rejects. */
  pair(): Promise<PairInfo | undefined>;
  close(): void;
}

/** Makes connections. `relayOnly` restricts ICE to TURN candidates. */
export interface RawConnector {
  connect(
    role: 'offerer' | 'answerer',
    options: { readonly iceServers: readonly RTCIceServer[]; readonly relayOnly: boolean },
    handler: RawConnectionHandler,
  ): RawConnection;
}
