import { ANCHOR_LINKS, BELIEVED_NEEDS, PRUNE_MIN_AGE_MS } from '../../../shared/src/limits/overlay-links.ts';
import { BUCKET_CAPACITY } from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Core } from './core.ts';
import type { Entry } from './entry.ts';
import { isAnchor, isNeeded, mostRedundant, oldestLink } from './link-choice.ts';
import { newestUnbelieved } from './need-claims.ts';
import type { RoutingTable } from './routing-table.ts';
import type { VirtualLinks } from './virtual-links.ts';

/** Numbers of links at which some go. */
export interface LinkRoom {
  /** Above it links go one by one. */
  readonly wanted: number;
  /** Above it one goes at once. */
  readonly hard: number;
}

/**
 * Decides which links go when there are too many: those of the fullest bucket, never one that either side needs, as far as
 * the other is believed. Once every place was taken the oldest stay: an attacker comes with any number of links and says of
 * each that it needs it.
 */
export class LinkPruning {
  readonly #core: Core;
  readonly #table: RoutingTable;
  readonly #room: LinkRoom;
  readonly #virtualLinks: VirtualLinks;
  /** Every place was taken, and there are still more links than wanted. */
  #isCrammed = false;

  constructor(core: Core, table: RoutingTable, room: LinkRoom, virtualLinks: VirtualLinks) {
    this.#core = core;
    this.#table = table;
    this.#room = room;
    this.#virtualLinks = virtualLinks;
  }

  /** The link that goes for `newcomer`: itself, or if we need it the least useful there is. Undefined while there is room. */
  onLinkUp(newcomer: Entry): Entry | undefined {
    const { length } = this.#table.linked;
    if (length >= this.#room.hard) this.#isCrammed = true;
    if (length <= this.#room.hard) return undefined;
    return (isNeeded(this.#table, newcomer) && this.#choose(0)) || newcomer;
  }

  /** The link that goes next because there are more than wanted. */
  next(): Entry | undefined {
    const isTooMany = this.#table.linked.length > this.#room.wanted;
    this.#isCrammed &&= isTooMany;
    return isTooMany ? this.#choose(PRUNE_MIN_AGE_MS) : undefined;
  }

  /** True when neither side needs the link to `entry`, which is `minAge` old and carries nobody's virtual link. */
  mayGo(entry: Entry, minAge: Millis): boolean {
    return entry.link?.isNeededByPeer === false && this.#isFree(entry, minAge);
  }

  /**
   * A link that is `minAge` old: the newest of those whose peers say too often that they need us, or, where nobody does, one
   * that neither side needs.
   */
  #choose(minAge: Millis): Entry | undefined {
    const claimant = this.#newestUnbelieved(minAge);
    if (claimant || this.#newestUnbelieved(0)) return claimant;
    return mostRedundant(
      this.#table,
      (entry) => this.mayGo(entry, minAge) && !(this.#isCrammed && this.#isKept(entry)),
    );
  }

  /** In a network no larger than a bucket there are few others to turn to: all are believed. */
  #newestUnbelieved(minAge: Millis): Entry | undefined {
    if (this.#table.size <= BUCKET_CAPACITY) return undefined;
    return newestUnbelieved(this.#table, BELIEVED_NEEDS, (entry) => this.#isFree(entry, minAge));
  }

  #isFree(entry: Entry, minAge: Millis): boolean {
    const { link, contact } = entry;
    const isOld = link !== undefined && this.#core.now - link.since >= minAge;
    return isOld && !isNeeded(this.#table, entry) && !this.#virtualLinks.isRelay(contact.id);
  }

  /** True for the oldest link of a bucket, and the oldest that we opened: nobody who comes later may outlast them all. */
  #isKept(entry: Entry): boolean {
    const bucket = this.#table.buckets[entry.bucket];
    return (bucket && oldestLink(bucket) === entry) || isAnchor(this.#table, entry, ANCHOR_LINKS);
  }
}
