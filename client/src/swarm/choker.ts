import {
  MAX_OPTIMISTIC_CREDIT,
  MAX_UNCHOKED,
  OPTIMISTIC_ANSWER_MS,
  OPTIMISTIC_GIFT_BYTES,
  OPTIMISTIC_MS,
  RECHOKE_MS,
  REGULAR_SLOTS,
  SEED_TURN_MS,
} from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';

/** What the choker sees of a peer. It writes `slot` and `since`; everything else is the session's. */
export interface ChokerPeer {
  /** The peer wants something that we have. */
  readonly isInterested: boolean;
  /** Useful payload received from the peer, and payload sent to it, since the last rechoke. [bytes] */
  readonly receivedThisRound: number;
  readonly sentThisRound: number;
  /** A peer with a slot is unchoked, one without is choked. */
  slot: 'none' | 'regular' | 'optimistic';
  /** When the peer last got or lost its slot, or began to be interested. */
  since: Millis;
  /** Payload that the peer was sent and did not send back, over the whole connection; what it gave more below 0. [bytes] */
  readonly debtBytes: number;
  /** The peer has something that we want. */
  readonly isOfUse: boolean;
  /** How far the peer is with its download. [0..1] */
  readonly progress: number;
  /** Whether the peer asks for nothing although it might: it has what we have on order elsewhere. */
  isIdle(now: Millis): boolean;
}

/**
 * Decides whom to serve (Cohen 2003, §3; libtorrent choker.cpp). With up to four interested peers all of them are.
 * With more, every ten seconds four regular slots go to those that sent us most in the last round, and one optimistic
 * slot, for 30 s, to the one that waited longest, so that newcomers can prove themselves; those who gave more than they
 * took wait less, and who could answer such a gift and does not has had its turn. A seed has nothing to get back: it
 * serves whom it serves fastest, for 60 s, and then those who wait.
 *
 * A peer that stops wanting keeps its slot until somebody else needs it: interest comes and goes with every piece.
 */
export class Choker {
  #optimisticSince: Millis = 0;

  /** A peer began to be interested: it gets a free slot at once, if there is one. */
  admit(peer: ChokerPeer, peers: Iterable<ChokerPeer>, now: Millis): void {
    if (peer.slot !== 'none') return;
    peer.since = now;
    this.#fill([peer], peers, now);
  }

  /** A slot may have become free: those who waited longest get what there is. */
  refill(peers: Iterable<ChokerPeer>, now: Millis): void {
    const all = [...peers];
    this.#fill(
      waiting(all).sort((a, b) => a.since - b.since),
      all,
      now,
    );
  }

  /**
   * Lends the capacity of peers that have a slot and ask for nothing to one that waits, the best. Once a second: many who
   * are interested have on order elsewhere what they could get here. A leecher lends only to those who give.
   */
  lend(peers: Iterable<ChokerPeer>, isSeed: boolean, now: Millis): void {
    const all = [...peers];
    const holders = all.filter((peer) => peer.slot !== 'none');
    const unused = holders.filter((peer) => !peer.isInterested || peer.isIdle(now));
    if (holders.length - unused.length > REGULAR_SLOTS) return;
    const queue = waiting(all).filter((peer) => isSeed || peer.receivedThisRound > 0);
    const [best] = queue.sort(isSeed ? (a, b) => a.since - b.since : compareAsLeecher);
    if (!best) return;
    const loser = holders.length < MAX_UNCHOKED ? undefined : unused[0];
    if (loser) assign(loser, 'none', now);
    assign(best, 'regular', now);
  }

  /** Ranks anew. Once every ten seconds; the caller then clears the round's counters. */
  rechoke(peers: Iterable<ChokerPeer>, isSeed: boolean, now: Millis): void {
    const all = [...peers];
    const interested = all.filter((peer) => peer.isInterested);
    if (interested.length <= REGULAR_SLOTS) {
      const idle = all.filter((peer) => !peer.isInterested && peer.slot !== 'none');
      for (const peer of interested) assign(peer, 'regular', now);
      idle.forEach((peer, index) => assign(peer, index < REGULAR_SLOTS - interested.length ? 'regular' : 'none', now));
      return;
    }
    const ranked = interested.sort(isSeed ? (a, b) => compareAsSeed(a, b, now) : compareAsLeecher);
    const regular = new Set(ranked.slice(0, REGULAR_SLOTS));
    const optimistic = this.#optimistic(ranked.slice(REGULAR_SLOTS), now);
    for (const peer of all)
      assign(peer, regular.has(peer) ? 'regular' : peer === optimistic ? 'optimistic' : 'none', now);
  }

  #fill(candidates: readonly ChokerPeer[], peers: Iterable<ChokerPeer>, now: Millis): void {
    const holders = [...peers].filter((peer) => peer.slot !== 'none');
    const idle = holders.filter((peer) => !peer.isInterested);
    let regular = holders.filter((peer) => peer.slot === 'regular').length;
    let hasOptimistic = regular < holders.length;
    for (const peer of candidates) {
      if (regular >= REGULAR_SLOTS) {
        const loser = idle.pop();
        if (loser?.slot === 'regular') regular--;
        else if (loser) hasOptimistic = false;
        if (loser) assign(loser, 'none', now);
      }
      if (regular < REGULAR_SLOTS) {
        regular++;
        assign(peer, 'regular', now);
      } else if (!hasOptimistic) {
        hasOptimistic = true;
        this.#optimisticSince = now;
        assign(peer, 'optimistic', now);
      } else return;
    }
  }

  /** Who has the optimistic slot among those without a regular one. */
  #optimistic(peers: readonly ChokerPeer[], now: Millis): ChokerPeer | undefined {
    const held = peers.find((peer) => peer.slot === 'optimistic');
    const turnMs = held?.isOfUse && held.receivedThisRound === 0 ? OPTIMISTIC_ANSWER_MS : OPTIMISTIC_MS;
    if (held && now - this.#optimisticSince < turnMs) return held;
    this.#optimisticSince = now;
    // Those who just lost a regular slot have `since` in the past, too: only the choked ones have waited.
    const queue = waiting(peers).sort((a, b) => patience(b, now) - patience(a, now));
    return queue[0] ?? held ?? peers[0];
  }
}

function waiting(peers: readonly ChokerPeer[]): ChokerPeer[] {
  return peers.filter((peer) => peer.isInterested && peer.slot === 'none');
}

/** Best first: by what it sent us in the last round; of those who sent nothing, by what they owe and how long they wait. */
function compareAsLeecher(a: ChokerPeer, b: ChokerPeer): number {
  return b.receivedThisRound - a.receivedThisRound || a.debtBytes - b.debtBytes || a.since - b.since;
}

/** How long a peer has waited, which counts for less the more it took without giving, and for more the more it gave. */
function patience(peer: ChokerPeer, now: Millis): number {
  const gifts = peer.debtBytes / OPTIMISTIC_GIFT_BYTES;
  return gifts > 0 ? (now - peer.since) / (1 + gifts) : (now - peer.since) * Math.min(MAX_OPTIMISTIC_CREDIT, 1 - gifts);
}

/**
 * How long a peer has waited for a seed, weighted by how far it is: those who have just begun or are about to end pass
 * on more than those in the middle, where somebody who only takes spends most of its time (libtorrent, `anti_leech`).
 */
function seedPatience(peer: ChokerPeer, now: Millis): number {
  return (now - peer.since) * (0.5 + Math.abs(peer.progress - 0.5));
}

/** Best first: whose turn is not over before whose is; the fastest first, the longest waiting among the idle. */
function compareAsSeed(a: ChokerPeer, b: ChokerPeer, now: Millis): number {
  const byTurn = turn(a, now) - turn(b, now);
  if (byTurn !== 0) return byTurn;
  return b.sentThisRound - a.sentThisRound || seedPatience(b, now) - seedPatience(a, now);
}

/** 0 while a peer may keep its slot, 1 for one that waits, 2 for one that had its turn. */
function turn(peer: ChokerPeer, now: Millis): number {
  if (peer.slot === 'none') return 1;
  const age = now - peer.since;
  return age < RECHOKE_MS || (age < SEED_TURN_MS && peer.sentThisRound > 0) ? 0 : 2;
}

function assign(peer: ChokerPeer, slot: ChokerPeer['slot'], now: Millis): void {
  if (peer.slot === slot) return;
  // Promotion from the optimistic slot to a regular one is no new turn.
  if (peer.slot === 'none' || slot === 'none') peer.since = now;
  peer.slot = slot;
}
