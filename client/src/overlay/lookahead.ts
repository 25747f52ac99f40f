import {
  LOOKAHEAD_MIN_AGE_MS,
  LOOKAHEAD_MIN_DEPTH,
  LOOKAHEAD_PERIOD_MS,
  MAX_TOLD_LINKS,
} from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Core } from './core.ts';
import type { Entry, LinkState } from './entry.ts';
import type { RoutingTable } from './routing-table.ts';
import {
  type ToldLink,
  type ToldLinks,
  changedLinks,
  decodeLinks,
  encodeLinks,
  inOrder,
  NO_LINKS,
  peerOf,
  toldLink,
  toldRtt,
  withChanges,
} from './told-links.ts';

/**
 * Tells links which links we have, and how long their round trips take: who knows the links of its links chooses the first
 * of two hops by where both lead (Manku, Naor & Wieder 2004: neighbour-of-neighbour routing). It is told whole once, then by
 * its changes. All that it serves is a choice between hops that come closer anyway: wrong or old, it costs time, and
 * leads nowhere else.
 */
export class Lookahead {
  readonly #core: Core;
  readonly #table: RoutingTable;
  #nextAt: Millis = 0;
  /** The links that are told at present. Those that were told the same hold the same array. */
  #links: ToldLinks = NO_LINKS;

  constructor(core: Core, table: RoutingTable) {
    this.#core = core;
    this.#table = table;
  }

  tick(): void {
    const { now } = this.#core;
    if (now < this.#nextAt) return;
    this.#nextAt = now + LOOKAHEAD_PERIOD_MS;
    const { linked } = this.#table;
    const isDeep = this.#isDeep();
    if (!isDeep && linked.every(({ link }) => link?.toldLinks === undefined)) return;
    this.#renew(linked);
    for (const entry of linked) {
      const { link } = entry;
      if (link && this.#isOld(link) && (isDeep || link.toldLinks)) this.#tell(entry, link);
    }
  }

  /** True where lookups take three hops and more. */
  #isDeep(): boolean {
    const last = this.#table.siblings.at(-1);
    return last !== undefined && last.bucket >= LOOKAHEAD_MIN_DEPTH;
  }

  #isOld({ since }: LinkState): boolean {
    return this.#core.now - since >= LOOKAHEAD_MIN_AGE_MS;
  }

  /** What is to be told from now on. A round trip that differs a little is not worth telling again. */
  #renew(linked: readonly Entry[]): void {
    const before = new Map(this.#links.map((link) => [peerOf(link), link]));
    const links: ToldLink[] = [];
    for (const { contact, link } of linked) {
      const least = link?.rtt.least;
      if (!link || least === undefined || !this.#isOld(link) || links.length === MAX_TOLD_LINKS) continue;
      const now = toldLink(contact.prefix, least);
      const told = before.get(peerOf(now));
      links.push(told !== undefined && Math.abs(toldRtt(told) - toldRtt(now)) < RETELL_MS ? told : now);
    }
    if (changedLinks(this.#links, links).length > 0) this.#links = inOrder(links);
  }

  #tell({ contact }: Entry, link: LinkState): void {
    const links = this.#links;
    const { toldLinks } = link;
    if (toldLinks === links) return;
    const changes = changedLinks(toldLinks ?? NO_LINKS, links);
    link.toldLinks = links;
    if (changes.length === 0) return;
    const isWhole = toldLinks === undefined || changes.length > links.length;
    this.#core.send(contact.id, encodeLinks({ isWhole, links: isWhole ? links : changes }));
  }
}

/** Takes note of the links that the peer of `entry` says it has. `self`: the first 32 bits of our id. False: malformed. */
export function onLinksTold({ link }: Entry, bytes: Uint8Array, self: number): boolean {
  const frame = decodeLinks(bytes);
  if (!frame || !link) return false;
  // The way back to us leads nowhere.
  link.farLinks = withChanges(link.farLinks, frame).filter((each) => peerOf(each) !== self >>> 8);
  return true;
}

/** A round trip is told again when it differs by this much. [ms] Less decides hardly any choice between two ways. */
const RETELL_MS = 12;
