import type { Contact, NodeId } from '../../../../shared/src/ids.ts';
import type { DeliveryId } from '../../overlay/types.ts';
import type { LinkPath, SendOutcome } from '../../ports/links.ts';

/** What a link is wanted for. Each purpose has a share of the ledger; one link serves all purposes at once. */
export type LinkPurpose = 'overlay' | 'swarm';

/** Why a link could not be opened, or ended. A closed list. */
export type LinkErrorCode =
  /** No answer to the offer, or no open channel, in time. */
  | 'timeout'
  /** No candidate pair connected: no direct path and no relay. */
  | 'ice-failed'
  /** The other side could not prove the id that was asked for, or spoke another protocol version. */
  | 'handshake-refused'
  /** Our ledger or theirs has no room. */
  | 'over-budget'
  /** The other side has links enough, and neither side needs this one. */
  | 'not-needed'
  /** Nobody could carry the signal to the peer. */
  | 'unreachable'
  /** The other side took back the offer that we answered. */
  | 'superseded'
  /** The other side closed the link, or its page went away. */
  | 'closed'
  /** We closed it. */
  | 'local';

/** A link that passed the handshake: the peer at the other end has proven its keys over this very DTLS connection. */
export interface Link {
  readonly peer: Contact;
  /** The name that the peer calls itself, at most 64 bytes of UTF-8 in one line. Display only: names are not unique. */
  readonly name: string;
  /** True when this side sent the offer. Decides who allots even channel ids. */
  readonly isOfferer: boolean;
  /** How far the peer's own wall clock was ahead of ours when the link came up, as it said. [ms] */
  readonly clockAheadMs: number;
  /** Kept fresh by the manager. */
  readonly path: LinkPath;
  readonly rttMs: number | undefined;
  /** The public network of the other end (IPv4 /24 or IPv6 /48), once known; undefined for private ones and relays. */
  readonly network: string | undefined;
  /** One message on the control channel. */
  send(bytes: Uint8Array): SendOutcome;
  /** What was sent and has not left this page yet. [bytes] */
  readonly queuedBytes: number;
  /** Opens a pre-negotiated bulk channel; the other side must open the same id. */
  openChannel(id: number, label: string): RTCDataChannel;
}

/** What the link manager tells the node. */
export interface LinkHandler {
  up(link: Link): void;
  down(link: Link, reason: LinkErrorCode): void;
  message(link: Link, bytes: Uint8Array): void;
  writable(link: Link): void;
  /** An attempt of ours failed before a link was up; `detail` is a sentence for people. */
  failed(peer: NodeId, code: LinkErrorCode, detail: string): void;
  /** `path` or `network` of the link changed after `up`. */
  changed?(link: Link): void;
}

/**
 * Carries a sealed signal to a peer; true when it was delivered. The node wires it to the overlay, then the server.
 * `timeoutMs` is a duration: how long the signal is of any use. `inAnswerTo`: the message of the peer's that it answers.
 */
export type SignalCarrier = (
  to: Contact,
  sealed: Uint8Array,
  timeoutMs: number,
  inAnswerTo?: DeliveryId,
) => Promise<boolean>;

/** Opens, accepts, counts and closes links. */
export interface LinkManager {
  /** Links that are up, by peer id. */
  readonly links: ReadonlyMap<NodeId, Link>;
  /**
   * Opens a link or returns the one that is up or under way. Rejects with `LinkError`, after one call of `failed`.
   * The promise counts as handled, so a caller that relies on `up` and `failed` alone may drop it. `isSpare`: the other
   * side is told that it may refuse.
   */
  open(contact: Contact, purpose: LinkPurpose, isSpare?: boolean): Promise<Link>;
  /**
   * A sealed signal came in over the overlay, as `delivery` and over the link of `over`, or the server. Anything malformed
   * is counted and dropped.
   */
  receiveSignal(sealed: Uint8Array, delivery?: DeliveryId, over?: NodeId): void;
  /** Gives up one purpose of a link; it is closed when no purpose is left. */
  release(peer: NodeId, purpose: LinkPurpose): void;
  /** Closes a link at once, whatever it serves. */
  close(peer: NodeId): void;
  setIceServers(servers: readonly RTCIceServer[]): void;
  /** Offers have a way that they had not: peers whom none reached may be tried again, and offers and answers that may be lost are sent once more. */
  forgive(): void;
  /** Takes one of the connections kept for calls; the result gives it back. Undefined when all are taken. */
  holdCall?(): (() => void) | undefined;
  /** Ends everything. */
  stop(): void;
  /** What was refused and dropped, for diagnostics: code to count. */
  readonly counters: ReadonlyMap<string, number>;
}

/** How an attempt or a link failed. `message` is a sentence for people. */
export class LinkError extends Error {
  readonly code: LinkErrorCode;
  /** Nothing was tried: an attempt that failed so lately would only fail again. */
  readonly isRemembered: boolean;

  constructor(code: LinkErrorCode, message: string, isRemembered = false) {
    super(message);
    this.name = 'LinkError';
    this.code = code;
    this.isRemembered = isRemembered;
  }
}
