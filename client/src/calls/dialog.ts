import type { NodeId } from '../../../shared/src/ids.ts';
import type { FailureCode } from './outcome.ts';
import type { SequencedChannel } from './sequenced-channel.ts';
import type { CallId, MediaChoice, SequencedItem } from './types.ts';

/**
 * The one call of this device that is not over. Who called is on the left, who was called on the right.
 *
 * ```
 *            invite |                              | INVITE (100 and nothing else when it lost the glare)
 *                   v                              v
 *             +----------+   glare: merged    +---------+
 *             | inviting |---------------+    | ringing |--- reject, ignore, CANCEL, no answer --> ended
 *             +----------+               |    +---------+
 *  200: ACK   |   |                      |         | accept: 200, again until ACK
 *             |   | all failed, 6xx,     |         v
 *             |   | hang up (CANCEL),    |    +----------+
 *             |   | timer C              +--->| accepted |--- hang up (BYE), BYE, CANCEL, timer H --> ended
 *             |   v                           +----------+
 *             |  ended                             | ACK
 *             v                                    v
 *      +-------------+                      +-------------+
 *      | established |                      | established |--- hang up (BYE), BYE, 481 --> ended
 *      +-------------+                      +-------------+
 * ```
 *
 * An ended call lives on as a tombstone, and its last message as a transaction until it is answered.
 */
export type Dialog = Inviting | Ringing | Accepted | Established;

/** We called, and nobody has answered yet. */
export interface Inviting {
  readonly kind: 'inviting';
  readonly callId: CallId;
  /** Whom we call. */
  readonly address: NodeId;
  readonly media: MediaChoice;
  /** BOUNDED: by MAX_DEVICES. */
  readonly branches: Map<NodeId, Branch>;
  /** BOUNDED: by MAX_MEDIA_QUEUE. What each device gets as soon as it responds. */
  readonly early: SequencedItem[];
  /** BOUNDED: by MAX_DEVICES. Calls of whom we are calling, which merge into ours: call id by device. */
  readonly suppressed: Map<NodeId, CallId>;
}

/** One device of the callee. */
export type Branch =
  /** Timers A and B: no response yet. */
  | { readonly kind: 'calling' }
  | { readonly kind: 'proceeding'; readonly isRinging: boolean; readonly channel: SequencedChannel }
  | { readonly kind: 'failed'; readonly code: FailureCode };

/** Somebody calls. What we want to send already is held in the channel until we accept. */
export interface Ringing {
  readonly kind: 'ringing';
  readonly callId: CallId;
  readonly peer: NodeId;
  readonly name: string;
  /** What the caller wants to send. */
  readonly media: MediaChoice;
  readonly channel: SequencedChannel;
}

/** We answered with 200 and wait for the caller to name us the winner. */
export interface Accepted extends Omit<Ringing, 'kind'> {
  readonly kind: 'accepted';
}

export interface Established {
  readonly kind: 'established';
  readonly callId: CallId;
  readonly peer: NodeId;
  readonly channel: SequencedChannel;
  /** The other devices that were called: a 200 of theirs is too late. Empty at the callee. */
  readonly losers: ReadonlySet<NodeId>;
}
