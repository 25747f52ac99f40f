import { type NodeId, idPrefix } from '../../../shared/src/ids.ts';
import {
  CONTACT_EXCHANGE_MS,
  DOUBT_STALL_MS,
  EXCHANGE_CONTACTS,
  FULL_EXCHANGE_MS,
  HELLO_CLOSEST_CONTACTS,
  HELLO_RANDOM_CONTACTS,
  PING_BACKUP_MS,
  PING_IDLE_MS,
  PING_REPEAT_MS,
  SILENCE_LIMIT_MS,
  STALL_GRACE_MS,
  TICK_MS,
  WAKE_ANSWER_MS,
} from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { closestLinked, learnContacts, sampleLinked } from './contact-exchange.ts';
import type { Core } from './core.ts';
import type { Entry, LinkState } from './entry.ts';
import {
  FLAG_HELLO,
  FLAG_NEEDED,
  FRAME,
  decodeContacts,
  type PingFrame,
  decodePing,
  encodeContacts,
  encodePing,
} from './link-frames.ts';
import type { LinkPolicy } from './link-policy.ts';
import type { RoutingTable } from './routing-table.ts';

/** Pings idle links, notices silent ones, and exchanges contacts over links. */
export class Liveness {
  readonly #core: Core;
  readonly #table: RoutingTable;
  readonly #policy: LinkPolicy;
  /** The links that `#lookAt` is about. */
  #watched: readonly Entry[] = [];
  /**
   * Before this instant the link in the same place needs no look: a peer with many links looks at few of them in each
   * tick. BOUNDED: by the links.
   */
  #lookAt: Millis[] = [];
  #tickedAt: Millis = 0;

  constructor(core: Core, table: RoutingTable, policy: LinkPolicy) {
    this.#core = core;
    this.#table = table;
    this.#policy = policy;
  }

  /** Our own loop stood still for `stalledMs`: that time is nobody's silence. */
  forgive(stalledMs: Millis): void {
    const { now } = this.#core;
    this.#core.graceUntil = now + STALL_GRACE_MS;
    for (const { link } of this.#table.linked) {
      if (!link) continue;
      link.lastHeard = Math.min(now, link.lastHeard + stalledMs);
      if (link.pingSentAt !== undefined) link.pingSentAt = Math.min(now, link.pingSentAt + stalledMs);
    }
    if (stalledMs > DOUBT_STALL_MS) this.doubt();
  }

  /**
   * We were silent for as long as others wait, and their word that they gave us up may be lost: links that are not answered
   * on soon are dead. Only the answer counts, for what else comes may have been on its way since before.
   */
  doubt(): void {
    for (const entry of this.#table.linked) {
      const { link } = entry;
      if (!link) continue;
      this.ping(entry);
      link.answerBy = this.#core.now + Math.max(WAKE_ANSWER_MS, 2 * link.rtt.timeout);
    }
    this.#lookAt.fill(this.#core.now);
  }

  /** Pings and exchanges that are due. Returns the peers whose silence is over the limit. */
  tick(): Entry[] {
    const { linked } = this.#table;
    const { now } = this.#core;
    // Where this tick is late, answers may wait behind it.
    const isLate = now - this.#tickedAt >= TICK_MS + STALL_GRACE_MS;
    this.#tickedAt = now;
    if (linked !== this.#watched) {
      this.#watched = linked;
      this.#lookAt = linked.map(() => now);
    }
    const silent: Entry[] = [];
    for (let i = 0; i < linked.length; i++) {
      if ((this.#lookAt[i] ?? now) > now) continue;
      const entry = linked[i] as Entry;
      const { link } = entry;
      if (!link) continue;
      const patience = this.#core.self.id < entry.contact.id ? PING_IDLE_MS : PING_BACKUP_MS;
      const silence = now - link.lastHeard;
      const isUnanswered = link.answerBy !== undefined && now >= link.answerBy && !isLate;
      if (silence >= SILENCE_LIMIT_MS || isUnanswered) silent.push(entry);
      else if (silence >= patience && this.#isPingDue(link)) this.ping(entry);
      if (now - link.contactsSentAt >= CONTACT_EXCHANGE_MS) this.#exchange(entry);
      this.#lookAt[i] = nextLook(link, patience, now);
    }
    return silent;
  }

  ping(entry: Entry): void {
    const { link } = entry;
    if (!link) return;
    link.pingSequence = (link.pingSequence + 1) & 0xffff;
    link.pingSentAt = this.#core.now;
    this.#core.send(entry.contact.id, encodePing(FRAME.ping, this.#pingFields(entry)));
  }

  /** The first frame on a link: the contacts nearest to the peer and some from everywhere. */
  hello(entry: Entry): void {
    const { id } = entry.contact;
    const contacts = closestLinked(this.#core, this.#table, id, HELLO_CLOSEST_CONTACTS, id);
    const named = new Set<NodeId>(contacts.map(({ contact }) => contact.id));
    const others = sampleLinked(this.#core, this.#table, HELLO_RANDOM_CONTACTS, id).filter(
      ({ contact }) => !named.has(contact.id),
    );
    // Only those that get a periodic exchange too: the others would keep a list that nobody reads.
    if (entry.link && this.#table.isSibling(entry)) entry.link.sentContacts = [...named];
    const flags = FLAG_HELLO | this.#neededFlag(entry);
    this.#core.send(id, encodeContacts({ flags, contacts: [...contacts, ...others] }));
  }

  /** False: malformed. */
  onPing(entry: Entry, bytes: Uint8Array): boolean {
    const ping = decodePing(bytes);
    if (!ping || !entry.link) return false;
    entry.link.isNeededByPeer = (ping.flags & FLAG_NEEDED) !== 0;
    if (entry.link.rtt.mean === undefined && ping.rttMs > 0) entry.link.rtt.sample(ping.rttMs, false);
    this.#takeClaim(entry, ping);
    this.#core.send(entry.contact.id, encodePing(FRAME.pong, { ...this.#pingFields(entry), sequence: ping.sequence }));
    return true;
  }

  /** False: malformed. */
  onPong(entry: Entry, bytes: Uint8Array): boolean {
    const pong = decodePing(bytes);
    const { link } = entry;
    if (!pong || !link) return false;
    link.isNeededByPeer = (pong.flags & FLAG_NEEDED) !== 0;
    this.#takeClaim(entry, pong);
    if (link.pingSentAt !== undefined && pong.sequence === link.pingSequence) {
      this.#core.measured(link, this.#core.now - link.pingSentAt);
      link.pingSentAt = undefined;
      link.answerBy = undefined;
      this.#locate(entry);
    }
    return true;
  }

  /** False: malformed. */
  onContacts(entry: Entry, bytes: Uint8Array): boolean {
    const frame = decodeContacts(bytes, this.#core.contacts);
    if (!frame || !entry.link) return false;
    entry.link.isNeededByPeer = (frame.flags & FLAG_NEEDED) !== 0;
    learnContacts(this.#core, this.#table, frame.contacts, entry.contact.id);
    return true;
  }

  #takeClaim(entry: Entry, { claim }: PingFrame): void {
    if (!claim || !entry.link) return;
    entry.place = claim.place;
    entry.link.placeError = claim.error;
  }

  /** A new round trip tells where we are; while few did, those of the other links are gone through again with it. */
  #locate(measured: Entry): void {
    const { coordinates, linked, self } = this.#table;
    for (const entry of coordinates.isWarmingUp ? linked : [measured]) {
      const { link, place, contact } = entry;
      const direction = contact.prefix ^ idPrefix(self);
      if (link?.rtt.least !== undefined) coordinates.measured(link.rtt.least, place, link.placeError / 255, direction);
    }
  }

  /** An unanswered ping is repeated, but not with every tick, and not while its own answer is waited for. */
  #isPingDue(link: LinkState): boolean {
    if (link.answerBy !== undefined) return false;
    return link.pingSentAt === undefined || this.#core.now - link.pingSentAt >= PING_REPEAT_MS;
  }

  /** Sends a sibling the contacts nearest to it that it does not have from us yet; now and then all of them. */
  #exchange(entry: Entry): void {
    const { link } = entry;
    if (!link || !(link.isNeededByPeer || this.#table.isSibling(entry))) return;
    link.contactsSentAt = this.#core.now;
    const { id } = entry.contact;
    const closest = closestLinked(this.#core, this.#table, id, EXCHANGE_CONTACTS, id);
    const isFull = this.#core.now - link.fullExchangeAt >= FULL_EXCHANGE_MS;
    const contacts = isFull ? closest : closest.filter(({ contact }) => !link.sentContacts.includes(contact.id));
    if (isFull) link.fullExchangeAt = this.#core.now;
    if (contacts.length === 0) return;
    link.sentContacts = closest.map(({ contact }) => contact.id);
    this.#core.send(id, encodeContacts({ flags: this.#neededFlag(entry), contacts }));
  }

  #pingFields(entry: Entry): PingFrame {
    const { link } = entry;
    const rttMs = Math.min(Math.round(link?.rtt.mean ?? 0), 0xffff);
    const fields = { flags: this.#neededFlag(entry), sequence: link?.pingSequence ?? 0, rttMs };
    const { told, error } = this.#table.coordinates;
    if (!link || link.toldPlace === told) return fields;
    link.toldPlace = told;
    return { ...fields, claim: { place: told, error: Math.round(255 * error) } };
  }

  #neededFlag(entry: Entry): number {
    return this.#policy.needs(entry) ? FLAG_NEEDED : 0;
  }
}

/** When a link needs a look again: for a ping, for its silence, or for an exchange of contacts. */
function nextLook(link: LinkState, patience: Millis, now: Millis): Millis {
  const { lastHeard, pingSentAt, answerBy = Number.POSITIVE_INFINITY, contactsSentAt } = link;
  const pingAt = Math.max(lastHeard + patience, pingSentAt === undefined ? 0 : pingSentAt + PING_REPEAT_MS);
  const exchangeAt = contactsSentAt + CONTACT_EXCHANGE_MS;
  // An exchange that is due and was not made is with a peer that needs none: it may come to need one.
  return Math.min(pingAt, answerBy, lastHeard + SILENCE_LIMIT_MS, exchangeAt > now ? exchangeAt : now + PING_IDLE_MS);
}
