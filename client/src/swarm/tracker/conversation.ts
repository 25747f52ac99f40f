import { binaryText } from '../../../../shared/src/bytes.ts';
import { ID_BYTES } from '../../../../shared/src/ids.ts';
import {
  MAX_ANSWERING,
  MAX_PENDING_OFFERS,
  MAX_TRACKER_INTERVAL_MS,
  MAX_TRACKER_PAUSE_MS,
  MIN_TRACKER_INTERVAL_MS,
  MIN_TRACKER_PAUSE_MS,
  OFFER_PATIENCE_MS,
  TRACKER_INTERVAL_MS,
  TRACKER_PATIENCE_MS,
} from '../../../../shared/src/limits/trackers.ts';
import { type Deadline, type Machine, type Millis, type Rng, randomUnit } from '../../../../shared/src/machine.ts';
import { assertNever } from '../../../../shared/src/result.ts';
import { TimerTable } from '../../../../shared/src/timer-table.ts';
import {
  type Announcer,
  type MadeOffer,
  type TorrentStand,
  type TrackerMessage,
  type TrackerMessageError,
  decodeTrackerMessage,
  encodeAnnounce,
  encodeAnswer,
} from './message.ts';

export type ConversationInput =
  /** The torrent begins, or goes on, to exchange. */
  | { readonly kind: 'start' }
  /** It does not any more. `stand` is the last word to the tracker. */
  | { readonly kind: 'stop'; readonly stand: TorrentStand }
  /** Everything is here now. */
  | { readonly kind: 'completed'; readonly stand: TorrentStand }
  /** The connection that `open` asked for is there. Over it this peer is `peerId`. */
  | { readonly kind: 'opened'; readonly peerId: Uint8Array }
  /** It is gone, or did not come to be. */
  | { readonly kind: 'closed' }
  /** A message; undefined for one that was no text. */
  | { readonly kind: 'received'; readonly text: string | undefined }
  /** What `prepare` asked for. */
  | { readonly kind: 'prepared'; readonly stand: TorrentStand; readonly offers: readonly MadeOffer[] }
  /** The answer to an offer of another; without `sdp` there is none. */
  | { readonly kind: 'answered'; readonly to: Caller; readonly sdp: string | undefined }
  | { readonly kind: 'deadline' };

export type ConversationOutput =
  | { readonly kind: 'open' }
  /** Nothing of this connection counts any more. */
  | { readonly kind: 'close' }
  | { readonly kind: 'send'; readonly text: string }
  /** Make offers, read how much is here, and come back with `prepared`. */
  | { readonly kind: 'prepare' }
  /** Another peer offers a connection: come back with `answered`. */
  | { readonly kind: 'answer'; readonly to: Caller; readonly sdp: string }
  /** A peer answered an offer. */
  | { readonly kind: 'accept'; readonly offer: Uint8Array; readonly peerId: Uint8Array; readonly sdp: string }
  /** Nobody will answer the offer. */
  | { readonly kind: 'withdraw'; readonly offer: Uint8Array };

/** Who made an offer, and which. */
export interface Caller {
  readonly peerId: Uint8Array;
  readonly offerId: string;
}

/** How a tracker is doing. `failed`: it is asked again later. */
export type TrackerCondition = 'idle' | 'asking' | 'answered' | 'failed';

/**
 * `resting`: it failed, and is asked again when the rest is over. `preparing`: offers for the next announce are being
 * made. `waiting`: the tracker owes an answer. `listening`: it gave one, and offers of others may come until the next.
 *
 *     idle ──start──▶ opening ──opened──▶ preparing ──prepared──▶ waiting ──reply──▶ listening
 *                     ▲    │                  ▲                      │                   │
 *               rest is over                  └──────── interval ────┼───────────────────┘
 *                     │    ▼                                         │
 *                    resting ◀────── closed, silence, failure ───────┘            any ──stop──▶ idle
 */
type State = 'idle' | 'resting' | 'opening' | 'preparing' | 'waiting' | 'listening';

/** `offer`: the oldest pending offer is too old. */
type Timer = 'rest' | 'patience' | 'announce' | 'offer';

/** What a tracker sent that was not taken, by why. `unknown-offer`: an answer to no offer of ours that waits. */
type Refusal = TrackerMessageError | 'unknown-offer' | 'too-many';

interface PendingOffer {
  readonly id: Uint8Array;
  readonly expiresAt: Millis;
}

/**
 * The conversation with one WebTorrent tracker about one torrent: it is told what is here, hands offers of connections to
 * others and theirs to us, and passes answers on. Nothing that it says is believed beyond that.
 */
export class TrackerConversation implements Machine<ConversationInput, ConversationOutput> {
  #announcer: Announcer;
  readonly #rng: Rng;
  readonly #timers = new TimerTable<Timer>();
  /** By their ids as text, oldest first. BOUNDED: by MAX_PENDING_OFFERS. */
  readonly #offers = new Map<string, PendingOffer>();
  /** Offers of others that are being answered. BOUNDED: by MAX_ANSWERING. */
  readonly #answering = new Set<string>();
  /** BOUNDED: by the causes. */
  readonly counters = new Map<Refusal, number>();
  #state: State = 'idle';
  #failures = 0;
  #intervalMs = TRACKER_INTERVAL_MS;
  #trackerId: string | undefined;
  /** The tracker knows of us. */
  #isKnown = false;
  #hasAnswered = false;
  #reason: string | undefined;

  constructor(infoHash: Uint8Array, rng: Rng) {
    // Nobody is told of this one: there is no connection.
    this.#announcer = { infoHash, peerId: new Uint8Array(ID_BYTES) };
    this.#rng = rng;
  }

  get condition(): TrackerCondition {
    if (this.#state === 'idle') return 'idle';
    if (this.#state === 'resting') return 'failed';
    return this.#hasAnswered ? 'answered' : 'asking';
  }

  /** Why the tracker refused us, in its own words, until a connection to it, or to another in its place, is there. */
  get reason(): string | undefined {
    return this.#reason;
  }

  handle(input: ConversationInput, now: Millis, out: ConversationOutput[]): void {
    switch (input.kind) {
      case 'start':
        if (this.#state === 'idle') this.#open(now, out);
        return;
      case 'stop':
        return this.#stop(input.stand, out);
      case 'completed':
        if (this.#isKnown) out.push(this.#announce(input.stand, 'completed', []));
        return;
      case 'opened':
        return this.#onOpened(input.peerId, now, out);
      case 'closed':
        if (this.#isConnected || this.#state === 'opening') this.#rest(now, out);
        return;
      case 'received':
        return this.#onReceived(input.text, now, out);
      case 'prepared':
        return this.#onPrepared(input.stand, input.offers, now, out);
      case 'answered':
        return this.#onAnswered(input.to, input.sdp, out);
      case 'deadline':
        return this.#onDeadline(now, out);
      default:
        assertNever(input);
    }
  }

  nextDeadline(): Deadline | undefined {
    return this.#timers.next();
  }

  get #isConnected(): boolean {
    return this.#state === 'preparing' || this.#state === 'waiting' || this.#state === 'listening';
  }

  #open(now: Millis, out: ConversationOutput[]): void {
    this.#state = 'opening';
    this.#timers.set('patience', now + TRACKER_PATIENCE_MS, 'give up on reaching the tracker');
    out.push({ kind: 'open' });
  }

  #onOpened(peerId: Uint8Array, now: Millis, out: ConversationOutput[]): void {
    if (this.#state !== 'opening') return;
    this.#announcer = { ...this.#announcer, peerId };
    this.#reason = undefined;
    this.#prepare(now, out);
  }

  #prepare(now: Millis, out: ConversationOutput[]): void {
    this.#state = 'preparing';
    this.#timers.set('patience', now + TRACKER_PATIENCE_MS, 'give up on making offers');
    out.push({ kind: 'prepare' });
  }

  #onPrepared(stand: TorrentStand, offers: readonly MadeOffer[], now: Millis, out: ConversationOutput[]): void {
    if (this.#state !== 'preparing') {
      for (const { id } of offers) out.push({ kind: 'withdraw', offer: id });
      return;
    }
    for (const { id } of offers) {
      this.#offers.set(binaryText(id), { id, expiresAt: now + OFFER_PATIENCE_MS });
      if (this.#offers.size > MAX_PENDING_OFFERS) this.#withdrawOldest(out);
    }
    this.#watchOffers();
    out.push(this.#announce(stand, this.#isKnown ? undefined : 'started', offers));
    this.#isKnown = true;
    this.#state = 'waiting';
    this.#timers.set('patience', now + TRACKER_PATIENCE_MS, 'give up on the answer of the tracker');
  }

  #onReceived(text: string | undefined, now: Millis, out: ConversationOutput[]): void {
    if (!this.#isConnected) return;
    const decoded = decodeTrackerMessage(text, this.#announcer);
    if (!decoded.ok) return this.#refuse(decoded.error);
    const message = decoded.value;
    if (message.kind === 'reply') this.#onReply(message, now);
    else if (message.kind === 'failure') this.#onFailure(message.reason, now, out);
    else if (message.kind === 'offer') this.#onOffer(message, out);
    else this.#onAnswer(message, out);
  }

  #onReply(message: Extract<TrackerMessage, { kind: 'reply' }>, now: Millis): void {
    this.#failures = 0;
    this.#hasAnswered = true;
    const asked = message.intervalMs ?? this.#intervalMs;
    this.#intervalMs = Math.min(MAX_TRACKER_INTERVAL_MS, Math.max(MIN_TRACKER_INTERVAL_MS, asked));
    this.#trackerId = message.trackerId ?? this.#trackerId;
    if (this.#state !== 'waiting') return;
    this.#state = 'listening';
    this.#timers.clear('patience');
    this.#timers.set('announce', now + this.#intervalMs, 'announce again');
  }

  /** What was asked came to nothing (BEP 3), as with a tracker that is not there. */
  #onFailure(reason: string, now: Millis, out: ConversationOutput[]): void {
    out.push({ kind: 'close' });
    this.#rest(now, out);
    this.#reason = reason;
  }

  #onOffer({ peerId, offerId, sdp }: Caller & { readonly sdp: string }, out: ConversationOutput[]): void {
    const key = binaryText(peerId) + offerId;
    if (this.#answering.has(key) || this.#answering.size >= MAX_ANSWERING) return this.#refuse('too-many');
    this.#answering.add(key);
    out.push({ kind: 'answer', to: { peerId, offerId }, sdp });
  }

  #onAnswered(to: Caller, sdp: string | undefined, out: ConversationOutput[]): void {
    const isAsked = this.#answering.delete(binaryText(to.peerId) + to.offerId);
    if (isAsked && sdp !== undefined && this.#isConnected)
      out.push({ kind: 'send', text: encodeAnswer(this.#announcer, to, sdp, this.#trackerId) });
  }

  #onAnswer({ peerId, offerId, sdp }: Caller & { readonly sdp: string }, out: ConversationOutput[]): void {
    const offer = this.#offers.get(offerId);
    if (!offer) return this.#refuse('unknown-offer');
    this.#offers.delete(offerId);
    this.#watchOffers();
    out.push({ kind: 'accept', offer: offer.id, peerId, sdp });
  }

  #onDeadline(now: Millis, out: ConversationOutput[]): void {
    for (let timer = this.#timers.takeExpired(now); timer; timer = this.#timers.takeExpired(now)) {
      if (timer === 'rest') this.#open(now, out);
      else if (timer === 'announce') this.#prepare(now, out);
      else if (timer === 'offer') {
        this.#withdrawOldest(out);
        this.#watchOffers();
      } else {
        out.push({ kind: 'close' });
        this.#rest(now, out);
      }
    }
  }

  /** The tracker failed us: it is asked again after a pause that grows, and is not the same for all who lost it at once. */
  #rest(now: Millis, out: ConversationOutput[]): void {
    this.#end(out);
    this.#reason = undefined;
    const pause = Math.min(MAX_TRACKER_PAUSE_MS, MIN_TRACKER_PAUSE_MS * 2 ** Math.min(this.#failures++, 20));
    this.#state = 'resting';
    this.#timers.set('rest', now + pause * (1 + randomUnit(this.#rng) / 2), 'ask the tracker again');
  }

  #stop(stand: TorrentStand, out: ConversationOutput[]): void {
    if (this.#state === 'idle') return;
    if (this.#isKnown) out.push(this.#announce(stand, 'stopped', []));
    if (this.#state !== 'resting') out.push({ kind: 'close' });
    this.#end(out);
    this.#state = 'idle';
    this.#failures = 0;
    this.#reason = undefined;
  }

  /** Nothing of the connection is left. What is being answered comes to nothing when it comes back. */
  #end(out: ConversationOutput[]): void {
    for (const timer of ['rest', 'patience', 'announce', 'offer'] as const) this.#timers.clear(timer);
    while (this.#offers.size > 0) this.#withdrawOldest(out);
    this.#answering.clear();
    this.#isKnown = false;
    this.#hasAnswered = false;
  }

  #withdrawOldest(out: ConversationOutput[]): void {
    for (const [key, { id }] of this.#offers) {
      this.#offers.delete(key);
      out.push({ kind: 'withdraw', offer: id });
      return;
    }
  }

  #watchOffers(): void {
    this.#timers.clear('offer');
    for (const { expiresAt } of this.#offers.values()) {
      this.#timers.set('offer', expiresAt, 'take an offer back that nobody answered');
      return;
    }
  }

  #announce(
    stand: TorrentStand,
    event: 'started' | 'completed' | 'stopped' | undefined,
    offers: readonly MadeOffer[],
  ): ConversationOutput {
    return { kind: 'send', text: encodeAnnounce(this.#announcer, stand, event, offers, this.#trackerId) };
  }

  #refuse(why: Refusal): void {
    this.counters.set(why, (this.counters.get(why) ?? 0) + 1);
  }
}
