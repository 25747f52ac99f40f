import type { NodeId } from '../../../shared/src/ids.ts';
import type { Millis } from '../../../shared/src/machine.ts';

/** Names a call: 16 random bytes of the caller as 32 hex digits (SIP's Call-ID, RFC 3261 §8.1.1.4). */
export type CallId = string;

/** Which media a side offers, accepts or has muted. */
export interface MediaChoice {
  readonly audio: boolean;
  readonly video: boolean;
}

/** SIP requests and responses, as they travel sealed between two devices (RFC 3261; codes in §21). */
export type CallMessage =
  /**
   * `address`: whom the caller calls, so that only devices of that address ring. `ageMs`: how long the caller has been calling, so
   * that a device that hears late knows how long is left.
   */
  | {
      readonly kind: 'INVITE';
      readonly callId: CallId;
      readonly address: NodeId;
      readonly media: MediaChoice;
      readonly name: string;
      readonly ageMs: number;
    }
  /** 100 Trying, 180 Ringing, 200 OK to INVITE; 4xx and 6xx are final. 481 also answers media of an unknown call. */
  | ResponseMessage
  /** Confirms one 200 (names the winner among devices), or acknowledges a failure. */
  | { readonly kind: 'ACK'; readonly callId: CallId }
  | { readonly kind: 'CANCEL'; readonly callId: CallId; readonly reason: CancelReason }
  | { readonly kind: 'BYE'; readonly callId: CallId; readonly reason: ByeReason }
  /** 200 to CANCEL or BYE. */
  | { readonly kind: 'done'; readonly callId: CallId }
  | SequencedMessage
  /** Every sequenced message below `sequence` has arrived. */
  | { readonly kind: 'mediaAck'; readonly callId: CallId; readonly sequence: number };

export interface ResponseMessage {
  readonly kind: 'response';
  readonly callId: CallId;
  readonly code: ResponseCode;
  readonly media: MediaChoice;
  readonly name: string;
}

/** Delivered in order, each once, within one call and direction; both kinds share one count from 0. */
export type SequencedMessage = SequencedItem & { readonly callId: CallId; readonly sequence: number };

export type SequencedItem =
  /** One SDP description or a batch of candidates for the call's own connection; opaque here. */
  | { readonly kind: 'media'; readonly payload: Uint8Array }
  /** What this side does not send any more, or sends again. */
  | { readonly kind: 'muted'; readonly muted: MediaChoice };

/** RFC 3261 §21. */
export type ResponseCode = 100 | 180 | 200 | 404 | 408 | 480 | 481 | 486 | 487 | 488 | 500 | 603;

/** Why a call is taken back before it was answered (RFC 3326's Reason, as a closed list). */
export type CancelReason = 'cancelled' | 'no-answer' | 'answered-elsewhere';

/** Why a dialog ends. The CANCEL reasons are here for a 200 that crossed the CANCEL. */
export type ByeReason =
  | CancelReason
  | 'user-hangup'
  | 'ice-failed'
  | 'ice-timeout'
  | 'media-failed'
  | 'replaced'
  | 'no-ack';

export type CallCommand =
  /** Rings every device of the address. `now` of the driver starts timers A, B and C. */
  | {
      readonly kind: 'invite';
      readonly callId: CallId;
      readonly address: NodeId;
      readonly devices: readonly NodeId[];
      readonly media: MediaChoice;
    }
  | { readonly kind: 'accept'; readonly callId: CallId; readonly media: MediaChoice }
  | { readonly kind: 'reject'; readonly callId: CallId; readonly code: 486 | 603 | 488 }
  | { readonly kind: 'ignore'; readonly callId: CallId }
  /** CANCEL before the answer, BYE after it. */
  | { readonly kind: 'hangUp'; readonly callId: CallId; readonly reason: ByeReason }
  /** Before the answer it is held (callee), or sent to each device that responded (caller). */
  | { readonly kind: 'sendMedia'; readonly callId: CallId; readonly payload: Uint8Array }
  | { readonly kind: 'setMuted'; readonly callId: CallId; readonly muted: MediaChoice }
  | { readonly kind: 'rename'; readonly name: string }
  /** The page goes away: hangs up, and sends at once what would otherwise wait for a response. */
  | { readonly kind: 'leave' };

export type CallInput =
  /** A message that was unsealed and whose sender is proven by its signature. */
  | { readonly kind: 'received'; readonly from: NodeId; readonly bytes: Uint8Array }
  /** Nobody could carry our newest message to that device. */
  | { readonly kind: 'undeliverable'; readonly to: NodeId; readonly callId: CallId }
  | { readonly kind: 'command'; readonly command: CallCommand }
  | { readonly kind: 'deadline' };

/** How a call ended, for both sides. */
export type CallEnd =
  | 'hung-up'
  | 'declined'
  | 'busy'
  | 'cancelled'
  | 'no-answer'
  | 'answered-elsewhere'
  | 'not-found'
  | 'unreachable'
  | 'media-failed'
  | 'no-path'
  | 'connection-lost'
  | 'error';

export type CallMachineEvent =
  | {
      readonly kind: 'incoming';
      readonly callId: CallId;
      readonly from: NodeId;
      readonly name: string;
      readonly media: MediaChoice;
    }
  | { readonly kind: 'ringing'; readonly callId: CallId; readonly from: NodeId; readonly name: string }
  /**
   * Both sides agreed. `isPolite` for perfect negotiation: the callee is the polite side. `peer` is the device that
   * answered, `media` what the other side sends.
   */
  | {
      readonly kind: 'established';
      readonly callId: CallId;
      readonly peer: NodeId;
      readonly isPolite: boolean;
      readonly media: MediaChoice;
      readonly name: string;
    }
  /**
   * Our own outgoing call was merged into the incoming one from the same peer (glare: the smaller call id wins), which
   * is accepted already. `established` follows under the new id. `media`: what the other side sends.
   */
  | {
      readonly kind: 'merged';
      readonly from: CallId;
      readonly into: CallId;
      readonly peer: NodeId;
      readonly media: MediaChoice;
    }
  | { readonly kind: 'media'; readonly callId: CallId; readonly payload: Uint8Array }
  | { readonly kind: 'muted'; readonly callId: CallId; readonly muted: MediaChoice }
  | { readonly kind: 'ended'; readonly callId: CallId; readonly end: CallEnd };

export type CallOutput =
  /** To be sealed and routed. `within`: how long a carrier may keep trying. */
  | {
      readonly kind: 'send';
      readonly to: NodeId;
      readonly callId: CallId;
      readonly bytes: Uint8Array;
      readonly within: Millis;
    }
  | { readonly kind: 'emit'; readonly event: CallMachineEvent };
