import type { Contact, NodeId } from '../../../shared/src/ids.ts';
import { MAX_DETOURS } from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { MessageId } from './frame-fields.ts';
import type { ReplyFrame } from './reply-frame.ts';
import { type Envelope, ROUTE_EXACT, ROUTE_KIND, type RouteKind } from './route-frame.ts';

/** Who is told what became of a message of ours. */
export interface ForwardOwner {
  /** `over`: the link that it came over; who else it passed is what it says itself. */
  onReply(forward: Forward, reply: ReplyFrame, over: NodeId | undefined): void;
  /** No hop could take it on, or what came back cannot be read. */
  onUndelivered(forward: Forward): void;
}

/**
 * One routed message at this node, ours or another's, until its reply passed or it expired:
 *
 *     waiting for a hop's acknowledgement ──accepted──► waiting for the reply ──REPLY──► done
 *            ▲        │ cannot, silence                        │ cannot, link lost
 *            └────────┴── next candidate ◄─────────────────────┘      none left: done, upstream is told
 *
 * Before that it may wait for its turn, while others are in flight to its target.
 * Once it is done only its id is remembered, to recognise duplicates.
 */
export class Forward {
  readonly id: MessageId;
  readonly kind: RouteKind;
  readonly flags: number;
  readonly target: NodeId;
  readonly origin: Contact;
  /** The previous hop; undefined when the message is ours. */
  readonly from: NodeId | undefined;
  readonly owner: ForwardOwner | undefined;
  readonly hops: number;
  /** Steps that did not come closer, as the next hop is told. [0 .. MAX_DETOURS] */
  detours: number;
  readonly lifetimeMs: Millis;
  readonly receivedAt: Millis;
  /** Intermediate targets still ahead, and how many were taken off since `bytes` was received. */
  via: readonly NodeId[];
  passedVia = 0;
  /** The peer to whom the present hop is to hand it: one that we cannot connect to. */
  throughTo: NodeId | undefined;
  /** The message as received, until it is done. */
  bytes: Uint8Array | undefined;
  /** The hops tried, the present one last, after the previous hop and those to avoid. BOUNDED: by candidates and attempts. */
  readonly excluded: NodeId[];
  candidateCount = 0;
  sentAt: Millis = 0;
  /** When the present hop's silence is over the limit, or its turn may have come; infinite while it waits for neither. */
  timeoutAt: Millis = Number.POSITIVE_INFINITY;
  isAcked = false;
  isDone = false;
  /** Counted among the messages in flight to its exact target. */
  isCounted = false;

  constructor(
    frame: Envelope,
    bytes: Uint8Array,
    from: NodeId | undefined,
    owner: ForwardOwner | undefined,
    avoid: readonly NodeId[],
    now: Millis,
  ) {
    this.id = frame.id;
    this.kind = frame.kind;
    this.flags = frame.flags;
    this.target = frame.target;
    this.origin = frame.origin;
    this.hops = frame.hops;
    this.detours = frame.detours;
    this.lifetimeMs = frame.lifetimeMs;
    this.via = frame.via;
    this.bytes = bytes;
    this.from = from;
    this.owner = owner;
    this.receivedAt = now;
    this.excluded = from === undefined ? [...avoid] : [from];
  }

  /** No hop may step aside for it any more: its target is dead, as far as can be told, and others will come to the same. */
  endDetours(): void {
    this.detours = MAX_DETOURS;
  }

  /** Takes off the intermediate targets up to `self`, when it is among them. */
  passVia(self: NodeId): void {
    const at = this.via.indexOf(self);
    if (at >= 0) this.skipVia(at + 1);
  }

  /** Takes off the next `count` intermediate targets. */
  skipVia(count: number): void {
    this.via = this.via.slice(count);
    this.passedVia += count;
  }

  get isExact(): boolean {
    return (this.flags & ROUTE_EXACT) !== 0;
  }

  /** It is for a peer that the next hop named is linked to, and for nobody else: whoever has no such link says so. */
  get isStrict(): boolean {
    return this.kind === ROUTE_KIND.probe || (!this.isExact && this.via.length > 0);
  }

  /** Where it goes next: the first intermediate target, or the target. */
  get leg(): NodeId {
    return this.via[0] ?? this.target;
  }

  /** The hop that has it now; undefined when none has. */
  get candidate(): NodeId | undefined {
    return this.candidateCount === 0 ? undefined : this.excluded.at(-1);
  }

  /** The hops that had it, the present one last. */
  get hopsTried(): readonly NodeId[] {
    return this.candidateCount === 0 ? [] : this.excluded.slice(-this.candidateCount);
  }

  /** True when we sent it to `peer`, now or before. */
  wasSentTo(peer: NodeId): boolean {
    const at = this.excluded.lastIndexOf(peer);
    return at >= 0 && at >= this.excluded.length - this.candidateCount;
  }
}
