import type { Contact, Key, NodeId } from '../../../shared/src/ids.ts';
import type { Millis } from '../../../shared/src/machine.ts';

/** Names one command of the owner, so that its result can be told from others'. Chosen by the owner, never reused. */
export type OpId = number;

/** How a lookup travels: handed on hop by hop over links, or asked step by step through the referrer. */
export type LookupMode = 'recursive' | 'iterative';

/** Names a message that came to us, for the answer to it: a hash of all that it says. */
export type DeliveryId = string;

/** What kind of routed message this is; the overlay carries the payload without reading it. */
export type Protocol = 'signal' | 'call' | 'app';

/** A value that an author signed, as the overlay stores it (BEP 44's semantics: key, sequence number, signature). */
export interface SignedRecord {
  /** Where it is stored. */
  readonly key: Key;
  readonly author: Contact;
  /** The name under which the key is the author's own, see `ownedKey`. Empty or absent: the key is whoever's comes first. */
  readonly salt?: Uint8Array | undefined;
  /** Grows with every version; a lower one is refused. [0 .. 2^48) */
  readonly sequence: number;
  /** Wall-clock instant after which nobody keeps or serves it. [ms since the epoch] */
  readonly expiresAt: number;
  /** At most `MAX_RECORD_VALUE_BYTES`. Empty means removed: the tombstone lives on until `expiresAt`. */
  readonly value: Uint8Array;
  /** Ed25519 by the author over the encoding of all the fields above. [64 bytes] */
  readonly signature: Uint8Array;
}

export type OverlayCommand =
  /** Peers to link to first. May come again at any time, e.g. after the server is back. */
  | { readonly kind: 'introduce'; readonly contacts: readonly Contact[] }
  | {
      readonly kind: 'lookup';
      readonly op: OpId;
      readonly key: Key;
      readonly mode: LookupMode;
      /** Copies of a recursive lookup that take different ways, 1 to MAX_LANES. Default 1. */
      readonly disjoint?: number;
      readonly timeoutMs: Millis;
    }
  /**
   * Stores an already signed record on the closest peers. With `expectedSequence` only where that is the sequence number
   * of the stored version, or none is stored; 0 is the number of no version.
   */
  | {
      readonly kind: 'put';
      readonly op: OpId;
      readonly record: SignedRecord;
      readonly expectedSequence?: number | undefined;
    }
  /**
   * `isFresh`: read from a quorum of holders, however popular the key and slow they are; otherwise up to MAX_STALENESS_MS old,
   * or from those that answer soon. `author`: records of
   * nobody else count.
   */
  | {
      readonly kind: 'get';
      readonly op: OpId;
      readonly key: Key;
      readonly isFresh?: boolean | undefined;
      readonly author?: NodeId | undefined;
    }
  /** Announces this peer as a provider of `key`, and again before each expiry, until `unpublish`. */
  | { readonly kind: 'publish'; readonly op: OpId; readonly key: Key }
  /** Fails unless most of the replicas have dropped it; then it is tried again as long as the announcement may live. */
  | { readonly kind: 'unpublish'; readonly op: OpId; readonly key: Key }
  /** `isFresh` as in `get`. */
  | {
      readonly kind: 'findProviders';
      readonly op: OpId;
      readonly key: Key;
      readonly isFresh?: boolean | undefined;
    }
  /**
   * Carries `payload` to exactly `target`. Fails with `unreachable` when no hop can deliver it. `inAnswerTo`: it goes back
   * with the acknowledgement of that message of the target's while that waits, and counts as delivered once it is on its way.
   */
  | {
      readonly kind: 'route';
      readonly op: OpId;
      readonly target: NodeId;
      readonly protocol: Protocol;
      readonly payload: Uint8Array;
      readonly timeoutMs: Millis;
      readonly inAnswerTo?: DeliveryId | undefined;
    }
  /** Forgets an operation; no result follows. */
  | { readonly kind: 'cancel'; readonly op: OpId }
  /** An `openLink` of ours could not be carried out. */
  | {
      readonly kind: 'linkFailed';
      readonly peer: NodeId;
      readonly isPeerAtFault: boolean;
      /** The peer answered, but the two of us cannot be connected (ICE failed): others may still reach it. */
      readonly isPairBroken?: boolean;
      /** The peer has enough links, and neither of the two needs this one. */
      readonly isRefused?: boolean;
      /** Nothing was tried, so that it says no more than the failure before. */
      readonly isRemembered?: boolean;
    }
  /** The wall clock, so that expiries can be compared. Given at start and about every minute. */
  | { readonly kind: 'wallClock'; readonly wallNow: number }
  /** The device slept for so long, over DOUBT_STALL_MS, and the machine's clock did not count it. */
  | { readonly kind: 'slept'; readonly forMs: Millis }
  /** Says BYE to all links and hands records to siblings. */
  | { readonly kind: 'leave' };

export type OverlayInput =
  /** `network`: the public network that the other end is in, as far as the link shows it. At most 64 characters. */
  | { readonly kind: 'linkUp'; readonly peer: Contact; readonly isOutbound: boolean; readonly network?: string }
  /** The network of a live link became known, or changed. */
  | { readonly kind: 'linkNetwork'; readonly peer: NodeId; readonly network: string | undefined }
  | { readonly kind: 'linkDown'; readonly peer: NodeId }
  | { readonly kind: 'received'; readonly from: NodeId; readonly bytes: Uint8Array }
  | { readonly kind: 'writable'; readonly peer: NodeId }
  | { readonly kind: 'command'; readonly command: OverlayCommand }
  /** The result of a `run` output. */
  | { readonly kind: 'effectDone'; readonly effect: number; readonly isValid: boolean }
  | { readonly kind: 'deadline' };

/**
 * Why an operation failed. Of a put (BEP 44's code where it has one): `cas-mismatch` (301) another version is stored than
 * the expected one, and the one put is nowhere; `uncertain` some holders may have taken the one put, but most refused
 * it or did not say: the newest that any of them has will stay, and a fresh read tells which once replicas have compared; `stale-sequence` (302) a newer version is stored; `too-large` (205); `bad-signature` (206); `expired`
 * (203) its life is over, or longer than allowed; `wrong-key` (203) the key belongs to another author, or the record claims one that is not its author's; `quota` the holders
 * have no room for more of this author, or from here. Of an unpublish `timeout` or whatever most of the holders answered.
 */
export type OverlayErrorCode =
  | 'timeout'
  | 'unreachable'
  | 'no-links'
  | 'refused'
  | 'too-large'
  | 'cas-mismatch'
  | 'uncertain'
  | 'stale-sequence'
  | 'bad-signature'
  | 'expired'
  | 'wrong-key'
  | 'quota'
  | 'cancelled'
  | 'not-found';

/** How an operation ended. `hops`, `path` and `elapsedMs` describe the answered attempt. */
export type OverlayResult =
  | {
      readonly kind: 'lookup';
      /** Closest peers found, nearest first, ourselves included when we belong there. At most k. */
      readonly closest: readonly Contact[];
      readonly hops: number;
      readonly elapsedMs: Millis;
      readonly path: readonly NodeId[];
    }
  /** `replicas`: how many peers (ourselves included) acknowledged the record. */
  | { readonly kind: 'put'; readonly replicas: number }
  | { readonly kind: 'get'; readonly record: SignedRecord }
  | { readonly kind: 'publish'; readonly replicas: number }
  | { readonly kind: 'unpublish' }
  | { readonly kind: 'findProviders'; readonly providers: readonly Contact[] }
  | { readonly kind: 'route'; readonly hops: number; readonly elapsedMs: Millis }
  | { readonly kind: 'failed'; readonly code: OverlayErrorCode };

/** What the owner is told. */
export type OverlayEvent =
  | { readonly kind: 'result'; readonly op: OpId; readonly result: OverlayResult }
  /**
   * A routed message whose target we are. `from` is authenticated by nobody: payloads are sealed and signed. `delivery`:
   * its acknowledgement waits for a moment, and takes an answer along. `over`: the neighbour over whose link it came.
   */
  | {
      readonly kind: 'message';
      readonly from: Contact;
      readonly protocol: Protocol;
      readonly payload: Uint8Array;
      readonly delivery?: DeliveryId;
      readonly over?: NodeId | undefined;
    }
  /** The self-lookup finished with at least one link. */
  | { readonly kind: 'joined' }
  /** An answer to a lookup or a read of ours: the peers that the question passed, first hop first. For the drawing. */
  | { readonly kind: 'trail'; readonly op: OpId; readonly path: readonly NodeId[] }
  /** A linked peer said BYE: close the link without treating it as a failure. */
  | { readonly kind: 'bye'; readonly peer: NodeId };

export type OverlayOutput =
  | { readonly kind: 'send'; readonly to: NodeId; readonly bytes: Uint8Array }
  /** `isSpare`: we can do without it; whoever gets the offer is told so and may refuse. */
  | { readonly kind: 'openLink'; readonly contact: Contact; readonly isSpare: boolean }
  /** The overlay has no further use for the link (over budget, dead, or misbehaving). */
  | { readonly kind: 'closeLink'; readonly peer: NodeId; readonly why: 'pruned' | 'silent' | 'malformed' }
  | { readonly kind: 'emit'; readonly event: OverlayEvent }
  /** Verify the author's signature of a record; answered by `effectDone` with the same `effect`. */
  | { readonly kind: 'run'; readonly effect: number; readonly verify: SignedRecord };

/** One row of the routing table, for the page. */
export interface TableEntry {
  readonly contact: Contact;
  /** Common prefix length with our id. */
  readonly bucket: number;
  readonly isLinked: boolean;
  /** Linked through common neighbours, because no link of our own can be opened. */
  readonly isVirtual?: boolean;
  /** The common neighbours of a virtual link, best first. At most RELAYS_PER_LINK. */
  readonly relays?: readonly NodeId[];
  readonly isSibling: boolean;
  /** Smoothed round-trip time of overlay pings, over the relay where the link is virtual. */
  readonly rttMs: number | undefined;
}

/** How full one bucket is, for the page. Buckets that hold nobody are left out. */
export interface BucketFill {
  /** Length of the prefix that its contacts share with our id. */
  readonly index: number;
  readonly linked: number;
  /** Contacts without a link of our own. */
  readonly known: number;
  /** Contacts that wait in the replacement cache. */
  readonly replacements: number;
}

/** What can be read off the machine between inputs. */
export interface OverlaySnapshot {
  readonly isJoined: boolean;
  readonly entries: readonly TableEntry[];
  /** Shortest prefix first. */
  readonly buckets: readonly BucketFill[];
  readonly records: number;
  /** Estimated number of peers in the network, from the density of siblings. At least 1. */
  readonly networkSize: number;
}
