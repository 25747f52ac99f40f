import type { Contact, NodeId } from '../../../../shared/src/ids.ts';
import { shortId } from '../../../../shared/src/ids.ts';
import {
  ATTEMPT_TIMEOUT_MS,
  DESKTOP_LEDGER,
  DIAL_QUEUE_TIMEOUT_MS,
  LINK_STATS_INTERVAL_MS,
  MAX_OFFER_RATES,
  OFFERS_PER_SECOND,
  OFFER_BURST,
  type LedgerLimits,
} from '../../../../shared/src/limits/links.ts';
import { Allowances } from '../../overlay/admission.ts';
import type { PendingOffer } from '../../overlay/pending-offers.ts';
import type { DeliveryId } from '../../overlay/types.ts';
import type { Log } from '../../ports/log.ts';
import type { OpenedMail } from '../mail.ts';
import { type AttemptParts, Attempts } from './attempts.ts';
import { Ledger, type Verdict } from './ledger.ts';
import { NegativeCache } from './negative-cache.ts';
import { describeFailure } from './sentences.ts';
import type { Session, SessionOwner } from './session.ts';
import type { LinkSignal, RejectCode } from './signal-codec.ts';
import { SignalMail, type SignalMailParts, type SignalOf, type SignalWay } from './signal-mail.ts';
import {
  type Link,
  LinkError,
  type LinkErrorCode,
  type LinkHandler,
  type LinkManager,
  type LinkPurpose,
} from './types.ts';
import { Wishes } from './wishes.ts';

/** What a link manager is made with. */
export interface LinkManagerParts extends AttemptParts, SignalMailParts {
  readonly log: Log;
  readonly handler: LinkHandler;
  /** Whether an offer for the overlay is to be answered as one. `isSpare`: its sender can do without the link. `over`: who brought it. Default: yes. */
  readonly admits?: (from: Contact, isSpare: boolean, over: NodeId | undefined) => boolean;
  /** Default: `DESKTOP_LEDGER`. */
  readonly ledger?: LedgerLimits;
}

export function createLinkManager(parts: LinkManagerParts): LinkManager {
  return new Links(parts);
}

/**
 * Opens, accepts, counts and closes links. Of each peer it keeps at most one link that is up, one session on its way
 * up, and one wish. Offers and answers travel as sealed mail over whatever carrier the node has.
 */
class Links implements LinkManager, SessionOwner {
  readonly #parts: LinkManagerParts;
  readonly #ledger: Ledger;
  readonly #failures: NegativeCache;
  /** Links that are up. BOUNDED: by the ledger. */
  readonly #links = new Map<NodeId, Session>();
  /** By the neighbour that brings them: whoever offers anew all the time has a connection made for each. */
  readonly #offers = new Allowances<NodeId | undefined>(MAX_OFFER_RATES, OFFER_BURST, OFFERS_PER_SECOND);
  readonly #attempts: Attempts;
  readonly #wishes: Wishes;
  readonly #signals: SignalMail;
  /** BOUNDED: by the closed set of codes that `#count` is called with. */
  readonly #counters = new Map<string, number>();
  #cancelStats: (() => void) | undefined;
  #isStopped = false;

  constructor(parts: LinkManagerParts) {
    this.#parts = parts;
    this.#ledger = new Ledger(parts.ledger ?? DESKTOP_LEDGER);
    this.#failures = new NegativeCache(() => (parts.crypto.randomBytes(1)[0] ?? 0) / 256);
    this.#wishes = new Wishes(parts.clock, this.#failures, {
      failed: (peer, code, detail) => this.#tell(() => parts.handler.failed(peer, code, detail)),
      counted: (what) => this.#count(what),
    });
    this.#attempts = new Attempts(parts, this, this.#ledger, this.#wishes);
    this.#signals = new SignalMail(parts, {
      offered: (mail, offer, way) => this.#onOffer(mail, offer, way),
      answered: (from, answer) => this.#onAnswer(from, answer),
      rejected: (from, reject) => this.#onReject(from, reject),
      dropped: (why) => this.#count(why),
    });
  }

  get links(): ReadonlyMap<NodeId, Link> {
    return this.#links;
  }

  get counters(): ReadonlyMap<string, number> {
    return this.#counters;
  }

  open(contact: Contact, purpose: LinkPurpose, isSpare = false): Promise<Link> {
    const link = this.#links.get(contact.id);
    if (link && !link.isUsable) link.fail('closed');
    const up = this.#links.get(contact.id);
    const wish = this.#wishes.get(contact.id);
    if (up || wish) this.#ledger.add(contact.id, purpose);
    wish?.purposes.add(purpose);
    if (wish && !isSpare) wish.isSpare = false;
    if (up) return Promise.resolve(up);
    return wish ? wish.promise : this.#wish(contact, purpose, isSpare);
  }

  receiveSignal(sealed: Uint8Array, delivery?: DeliveryId, over?: NodeId): void {
    void this.#signals.receive(sealed, { delivery, over });
  }

  release(peer: NodeId, purpose: LinkPurpose): void {
    const wish = this.#wishes.get(peer);
    const wasLastWish = wish?.purposes.delete(purpose) === true && wish.purposes.size === 0;
    const wasLast = this.#ledger.drop(peer, purpose);
    if (wasLast || (wasLastWish && !this.#attempts.has(peer))) this.close(peer);
  }

  close(peer: NodeId): void {
    const link = this.#links.get(peer);
    const pending = this.#attempts.get(peer);
    if (pending) pending.fail('local');
    else if (this.#wishes.has(peer)) {
      this.#ledger.remove(peer);
      this.#wishes.fail(peer, 'local');
    }
    link?.fail('local');
  }

  setIceServers(servers: readonly RTCIceServer[]): void {
    // Peers that no path led to may be reachable through other servers.
    if (this.#attempts.setIceServers(servers)) this.#failures.clear();
  }

  forgive(): void {
    this.#failures.forgive();
    this.#attempts.repeat();
  }

  holdCall(): (() => void) | undefined {
    if (!this.#ledger.takeCall()) return undefined;
    let isHeld = true;
    return () => {
      if (isHeld) this.#ledger.returnCall();
      isHeld = false;
    };
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#signals.stop();
    this.#attempts.stop();
    this.#cancelStats?.();
    for (const peer of new Set([...this.#links.keys(), ...this.#attempts.peers, ...this.#wishes.peers]))
      this.close(peer);
  }

  #wish(contact: Contact, purpose: LinkPurpose, isSpare: boolean): Promise<Link> {
    const wish = this.#wishes.add(contact, purpose, isSpare);
    const refusal = this.#findRefusal(contact.id);
    if (refusal) this.#wishes.refuse(contact.id, refusal);
    else if (this.#attempts.has(contact.id)) this.#ledger.add(contact.id, purpose);
    else this.#request(contact, purpose);
    return wish.promise;
  }

  #findRefusal(peer: NodeId): LinkError | undefined {
    if (this.#isStopped) return new LinkError('local', 'This peer has left the network.');
    if (peer === this.#parts.crypto.self.id) return new LinkError('unreachable', 'That is this peer itself.');
    const failure = this.#attempts.has(peer) ? undefined : this.#failures.find(peer, this.#parts.clock.now());
    return failure && new LinkError(failure.code, failure.detail, true);
  }

  #request(contact: Contact, purpose: LinkPurpose): void {
    const request = (): Verdict => this.#ledger.request(contact.id, purpose);
    const place = { from: this.#parts.crypto.self.id, since: this.#parts.clock.now() };
    let verdict = request();
    if (verdict === 'refused' && this.#giveWay(this.#ledger.yieldingToDial(purpose, place, this.#mayYield)))
      verdict = request();
    if (verdict === 'dial') this.#attempts.dial(contact);
    else if (verdict === 'wait') this.#waitFor(contact.id, DIAL_QUEUE_TIMEOUT_MS);
    else this.#wishes.refuse(contact.id, new LinkError('over-budget', describeFailure('over-budget')));
  }

  #waitFor(peer: NodeId, ms: number): void {
    this.#wishes.limit(peer, ms, () => {
      if (!this.#attempts.has(peer)) this.#ledger.remove(peer);
    });
  }

  described(session: Session, sdp: string): void {
    const { attempt } = session;
    const purposes = [...this.#ledger.purposesOf(session.peer.id)];
    const isOffer = session.role === 'offerer';
    session.isSpare = isOffer && this.#wishes.get(session.peer.id)?.isSpare === true;
    const { isSpare } = session;
    const signal: LinkSignal = isOffer
      ? { kind: 'offer', attempt, purposes, isSpare, sdp }
      : { kind: 'answer', attempt, sdp };
    const left = session.startedAt + ATTEMPT_TIMEOUT_MS - this.#parts.clock.now();
    session.copies++;
    void this.#signals.send(session.peer, signal, left, session.inAnswerTo).then((isDelivered) => {
      if (isDelivered) return;
      this.#count(`${signal.kind} not delivered`);
      session.copies--;
      // An answer, or an offer that has been answered, did arrive: only the word of it was lost.
      if (session.copies === 0 && session.isUnanswered) session.fail('unreachable');
    });
  }

  accepted(session: Session, early: readonly Uint8Array[]): void {
    const peer = session.peer.id;
    this.#attempts.remove(session);
    this.#links.set(peer, session);
    this.#ledger.up(peer);
    this.#failures.forget(peer);
    this.#startStats();
    this.#parts.log.log('info', 'link up', { peer: shortId(peer), role: session.role });
    const wish = this.#wishes.take(peer);
    for (const purpose of wish?.purposes ?? []) this.#ledger.add(peer, purpose);
    this.#tell(() => this.#parts.handler.up(session));
    wish?.resolve(session);
    for (const bytes of early) if (session.isUp) this.message(session, bytes);
    this.#attempts.dialNext();
  }

  message(session: Session, bytes: Uint8Array): void {
    this.#tell(() => this.#parts.handler.message(session, bytes));
  }

  writable(session: Session): void {
    this.#tell(() => this.#parts.handler.writable(session));
  }

  pathChanged(session: Session): void {
    this.#tell(() => this.#parts.handler.changed?.(session));
  }

  ended(session: Session, code: LinkErrorCode, detail: string): void {
    const peer = session.peer.id;
    const isLink = this.#links.get(peer) === session;
    if (isLink) this.#links.delete(peer);
    else if (!this.#attempts.remove(session)) return;
    this.#ledger.remove(peer);
    this.#count(`${isLink ? 'down' : 'attempt'} ${code}`);
    this.#parts.log.log('info', isLink ? 'link down' : 'attempt failed', { peer: shortId(peer), code, detail });
    if (isLink) this.#tell(() => this.#parts.handler.down(session, code));
    else this.#wishes.fail(peer, code, detail);
    // Else it would take our silence for a path that does not work, and remember that of the two of us.
    if (!isLink && session.isOffered && (code === 'local' || code === 'timeout') && !this.#isStopped)
      this.#reject(session.peer, session.attempt, 'failed', undefined);
    this.#attempts.dialNext();
  }

  #onOffer(mail: OpenedMail, offer: SignalOf<'offer'>, way: SignalWay): void {
    const { from } = mail;
    const { crypto, clock } = this.#parts;
    if (from.id === crypto.self.id) return this.#count('offer of our own');
    const link = this.#links.get(from.id);
    // An offer from before the link is one that lost a glare; a later one means that the peer has lost the link.
    if (link && clock.now() - (ATTEMPT_TIMEOUT_MS - Math.min(mail.remainingMs, ATTEMPT_TIMEOUT_MS)) < link.upAt) {
      return this.#count('offer from before the link');
    }
    // Ours is a live link, and this may be an old offer that somebody kept: after a reload nobody remembers having seen it.
    if (link && mail.isOverdue) return this.#count('offer past its deadline');
    link?.fail('closed');
    const pending = this.#attempts.get(from.id);
    if (pending?.attempt === offer.attempt) {
      this.#count('offer again');
      // Whoever repeats it has no answer.
      return pending.repeat(way.delivery);
    }
    if (pending?.isOffered && crypto.self.id < from.id) {
      this.#count('glare won');
      this.#reject(from, offer.attempt, 'superseded', way.delivery);
      // Whoever offers has not had ours: it went where the other was before, if its address changed.
      return pending.repeat();
    }
    if (pending?.role === 'offerer') this.#count('glare lost');
    this.#answer(from, offer, way);
  }

  #answer(from: Contact, offer: SignalOf<'offer'>, { delivery, over }: SignalWay): void {
    const purposes = this.#purposesFor(from, offer, over);
    if (purposes.length === 0) {
      this.#count('offer not needed');
      return this.#reject(from, offer.attempt, 'not-needed', delivery);
    }
    if (!this.#admits(from.id, purposes, { from: over, since: this.#parts.clock.now() })) {
      this.#count('offer over budget');
      return this.#reject(from, offer.attempt, 'over-budget', delivery);
    }
    this.#failures.forget(from.id);
    this.#attempts.answer(from, offer, delivery);
    // Giving way to the other side's attempt frees a dial of ours.
    this.#attempts.dialNext();
  }

  #admits(peer: NodeId, purposes: readonly LinkPurpose[], place: PendingOffer): boolean {
    if (!this.#offers.take(place.from, place.since)) return false;
    const admits = (): boolean => this.#ledger.admit(peer, purposes, place);
    return admits() || (this.#giveWay(this.#ledger.yieldingToOffer(purposes, place, this.#mayYield)) && admits());
  }

  /** Whom somebody here waits for keeps the place. */
  readonly #mayYield = (peer: NodeId): boolean => !this.#wishes.has(peer);

  /** Ends the attempt of another peer that holds a place for too long, or with too many of its kind. */
  #giveWay(peer: NodeId | undefined): boolean {
    const session = peer === undefined ? undefined : this.#attempts.get(peer);
    if (!session) return false;
    this.#count('offer gave way');
    this.#reject(session.peer, session.attempt, 'over-budget', undefined);
    session.fail('over-budget');
    return true;
  }

  /** What an offer is answered for: what it names, without the overlay when that does not want it and nobody here waits for the link. */
  #purposesFor(from: Contact, offer: SignalOf<'offer'>, over: NodeId | undefined): readonly LinkPurpose[] {
    const { purposes, isSpare } = offer;
    if (!purposes.includes('overlay') || this.#wishes.has(from.id)) return purposes;
    const isWanted = this.#parts.admits?.(from, isSpare, over) !== false;
    return isWanted ? purposes : purposes.filter((purpose) => purpose !== 'overlay');
  }

  #reject(to: Contact, attempt: string, code: RejectCode, delivery: DeliveryId | undefined): void {
    void this.#signals.send(to, { kind: 'reject', attempt, code }, ATTEMPT_TIMEOUT_MS, delivery);
  }

  #onAnswer(from: Contact, answer: SignalOf<'answer'>): void {
    const session = this.#attempts.findOffer(from.id, answer.attempt);
    if (session) session.acceptDescription(answer.sdp);
    else this.#count('answer to nothing');
  }

  #onReject(from: Contact, reject: SignalOf<'reject'>): void {
    const session = this.#attempts.get(from.id);
    if (session?.attempt !== reject.attempt) return this.#count('reject of nothing');
    // For whatever reason of its own: nothing that counts against it.
    if (session.role === 'answerer') return session.fail('superseded');
    if (reject.code === 'over-budget')
      return session.fail('over-budget', 'The other side has no room for another link. Try again in a moment.');
    if (reject.code === 'not-needed') return this.#onRefused(session);
    if (reject.code === 'failed') return session.fail('closed');
    this.#count('glare lost');
    this.#attempts.remove(session);
    session.close();
    this.#ledger.remove(from.id);
    this.#waitFor(from.id, ATTEMPT_TIMEOUT_MS);
    this.#attempts.dialNext();
  }

  /** By now somebody may want the link who cannot do without it: then it is asked for again, as needed. */
  #onRefused(session: Session): void {
    const { peer } = session;
    if (!session.isSpare || this.#wishes.get(peer.id)?.isSpare !== false) return session.fail('not-needed');
    session.close();
    this.#attempts.dial(peer);
  }

  /** One timer for all links; none while there is no link. */
  #startStats(): void {
    if (this.#cancelStats) return;
    const { clock } = this.#parts;
    this.#cancelStats = clock.setTimer(clock.now() + LINK_STATS_INTERVAL_MS, () => {
      this.#cancelStats = undefined;
      for (const link of this.#links.values()) void link.refresh();
      if (this.#links.size > 0) this.#startStats();
    });
  }

  /** The node's handlers run in the middle of our own work: what they throw must not undo it. */
  #tell(event: () => void): void {
    try {
      event();
    } catch (error) {
      this.#count('handler threw');
      this.#parts.log.log('error', 'link handler failed', { error });
    }
  }

  #count(what: string): void {
    this.#counters.set(what, (this.#counters.get(what) ?? 0) + 1);
  }
}
