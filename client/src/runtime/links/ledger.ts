import type { NodeId } from '../../../../shared/src/ids.ts';
import type { LedgerLimits } from '../../../../shared/src/limits/links.ts';
import { type PendingOffer, yieldingOffer } from '../../overlay/pending-offers.ts';
import type { LinkPurpose } from './types.ts';

/** waiting: a dial that must wait its turn. dialling: an attempt of ours. answering: one of theirs. up: a link. */
type Stage = 'waiting' | 'dialling' | 'answering' | 'up';

type Choice = (peer: NodeId) => boolean;

const PURPOSES: readonly LinkPurpose[] = ['overlay', 'swarm'];

/** What becomes of a dial of ours. */
export type Verdict = 'dial' | 'wait' | 'refused';

interface Entry {
  /** Of an attempt of theirs. */
  offer?: PendingOffer;
  stage: Stage;
  readonly purposes: Set<LinkPurpose>;
  /** The purpose whose share this connection takes up: the first it was opened for that still holds. */
  account: LinkPurpose;
}

/**
 * Counts the peer connections of this process, so that they stay within the budget of each purpose: waiting and
 * opening ones count as much as open ones, and a connection that serves two purposes is counted once. Pure counting:
 * it opens and closes nothing.
 */
export class Ledger {
  readonly #limits: LedgerLimits;
  /** BOUNDED: by the sum of both shares; waiting entries count. */
  readonly #entries = new Map<NodeId, Entry>();
  /** Peers whose dials wait, per purpose, first come first. BOUNDED: by `maxWaiting` each. */
  readonly #waiting: Readonly<Record<LinkPurpose, Set<NodeId>>> = { overlay: new Set(), swarm: new Set() };
  #callCount = 0;
  #lastDialled: LinkPurpose = 'swarm';

  constructor(limits: LedgerLimits) {
    this.#limits = limits;
  }

  /** Connections in the share of `purpose`, whatever their stage. */
  count(purpose: LinkPurpose): number {
    let count = 0;
    for (const entry of this.#entries.values()) if (entry.account === purpose) count++;
    return count;
  }

  /** Connections at `stage`. */
  countStage(stage: Stage): number {
    let count = 0;
    for (const entry of this.#entries.values()) if (entry.stage === stage) count++;
    return count;
  }

  /** Calls that hold one of the connections kept for them. */
  get calls(): number {
    return this.#callCount;
  }

  purposesOf(peer: NodeId): ReadonlySet<LinkPurpose> {
    return this.#entries.get(peer)?.purposes ?? new Set();
  }

  /** Enters a dial of ours. `wait`: it is given out by `nextDial` later. `refused`: there is no room for it at all. */
  request(peer: NodeId, purpose: LinkPurpose): Verdict {
    const known = this.#entries.get(peer);
    if (known) {
      known.purposes.add(purpose);
      return known.stage === 'waiting' ? 'wait' : 'dial';
    }
    if (this.#isFull() || this.#isShareFull(purpose) || this.#isDialShareFull(purpose)) return 'refused';
    const isFree = this.countStage('dialling') < this.#limits.maxDials;
    if (!isFree && this.#waiting[purpose].size >= this.#limits.maxWaiting) return 'refused';
    this.#entries.set(peer, { stage: isFree ? 'dialling' : 'waiting', purposes: new Set([purpose]), account: purpose });
    if (isFree) this.#lastDialled = purpose;
    else this.#waiting[purpose].add(peer);
    return isFree ? 'dial' : 'wait';
  }

  /** The next waiting dial that may start now. Purposes take turns, so that a swarm cannot hold up the overlay. */
  nextDial(): NodeId | undefined {
    if (this.countStage('dialling') >= this.#limits.maxDials) return undefined;
    const other: LinkPurpose = this.#lastDialled === 'overlay' ? 'swarm' : 'overlay';
    for (const purpose of [other, this.#lastDialled]) {
      for (const peer of this.#waiting[purpose]) {
        this.#waiting[purpose].delete(peer);
        const entry = this.#entries.get(peer);
        if (!entry) continue;
        entry.stage = 'dialling';
        this.#lastDialled = purpose;
        return peer;
      }
    }
    return undefined;
  }

  /** Enters an attempt of the other side, or lets it take the place of ours. False: no room. */
  admit(peer: NodeId, purposes: readonly LinkPurpose[], offer: PendingOffer): boolean {
    const known = this.#entries.get(peer);
    if (known) {
      this.#stopWaiting(peer);
      known.stage = 'answering';
      // Begun anew, it gives way no later.
      known.offer ??= offer;
      for (const purpose of purposes) known.purposes.add(purpose);
      return true;
    }
    const account = purposes.find((purpose) => !this.#isShareFull(purpose));
    if (account === undefined || this.#isFull()) return false;
    if (this.countStage('answering') >= this.#limits.maxAnswers) return false;
    this.#entries.set(peer, { stage: 'answering', purposes: new Set(purposes), account, offer });
    return true;
  }

  /** Whose attempt has to end for there to be room for an offer that `admit` refused, of those that may. Undefined: nobody's. */
  yieldingToOffer(purposes: readonly LinkPurpose[], offer: PendingOffer, mayYield: Choice): NodeId | undefined {
    const hasShare = purposes.some((purpose) => !this.#isShareFull(purpose));
    const full = purposes.filter((purpose) => this.count(purpose) === this.#answerShare(purpose));
    return this.#yielding(hasShare ? PURPOSES : full, offer, mayYield);
  }

  /** The same for a dial of ours that `request` refused. */
  yieldingToDial(purpose: LinkPurpose, offer: PendingOffer, mayYield: Choice): NodeId | undefined {
    const isInTheWay = this.count(purpose) === this.#answerShare(purpose) && !this.#isDialShareFull(purpose);
    return this.#yielding(isInTheWay ? [purpose] : [], offer, mayYield);
  }

  #yielding(accounts: readonly LinkPurpose[], { from, since }: PendingOffer, mayYield: Choice): NodeId | undefined {
    const pending: (PendingOffer & { readonly peer: NodeId })[] = [];
    for (const [peer, { stage, account, offer }] of this.#entries) {
      if (stage === 'answering' && offer && accounts.includes(account) && mayYield(peer))
        pending.push({ ...offer, peer });
    }
    return yieldingOffer(pending, from, since)?.peer;
  }

  /** The attempt became a link. */
  up(peer: NodeId): void {
    const entry = this.#entries.get(peer);
    if (entry) entry.stage = 'up';
  }

  /** A connection serves a further purpose; that costs nothing. */
  add(peer: NodeId, purpose: LinkPurpose): void {
    this.#entries.get(peer)?.purposes.add(purpose);
  }

  /** A connection serves a purpose no longer. True when none is left, so that it should be closed. */
  drop(peer: NodeId, purpose: LinkPurpose): boolean {
    const entry = this.#entries.get(peer);
    if (!entry?.purposes.delete(purpose)) return false;
    const [left] = entry.purposes;
    if (left === undefined) return true;
    if (entry.account !== left) this.#moveAccount(peer, entry, left);
    return false;
  }

  /** The attempt or link is over. */
  remove(peer: NodeId): void {
    this.#stopWaiting(peer);
    this.#entries.delete(peer);
  }

  /** Takes a connection for a call. False: all that are kept for calls are taken. */
  takeCall(): boolean {
    if (this.#callCount >= this.#limits.callReserve) return false;
    this.#callCount++;
    return true;
  }

  returnCall(): void {
    this.#callCount = Math.max(0, this.#callCount - 1);
  }

  /** Both shares together. A link that changes its account may overfill one share, never the sum. */
  #isFull(): boolean {
    return this.#entries.size >= this.#limits.overlayHard + this.#limits.swarmMax;
  }

  #isShareFull(purpose: LinkPurpose): boolean {
    return this.count(purpose) >= this.#answerShare(purpose);
  }

  /** What others have under way takes none of it, or whoever offers links and never completes them could take all. */
  #isDialShareFull(purpose: LinkPurpose): boolean {
    const { overlayTarget, overlayHard, swarmMax } = this.#limits;
    const share = purpose === 'swarm' ? swarmMax : Math.floor((overlayTarget + overlayHard) / 2);
    let count = 0;
    for (const { account, stage } of this.#entries.values()) if (account === purpose && stage !== 'answering') count++;
    return count >= share;
  }

  #answerShare(purpose: LinkPurpose): number {
    return purpose === 'swarm' ? this.#limits.swarmMax : this.#limits.overlayHard;
  }

  #moveAccount(peer: NodeId, entry: Entry, account: LinkPurpose): void {
    const isWaiting = entry.stage === 'waiting';
    if (isWaiting) this.#stopWaiting(peer);
    entry.account = account;
    if (isWaiting) this.#waiting[account].add(peer);
  }

  #stopWaiting(peer: NodeId): void {
    this.#waiting.overlay.delete(peer);
    this.#waiting.swarm.delete(peer);
  }
}
