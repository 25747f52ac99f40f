import type { NodeId } from '../../../shared/src/ids.ts';
import {
  CROSS_CHECK_INTERVAL_MS,
  CROSS_CHECK_TIMEOUT_MS,
  ISLAND_SHARE,
  MERGE_HINTS,
  MERGE_INTERVAL_MS,
  SETTLED_SIBLINGS_MS,
} from '../../../shared/src/limits/virtual-links.ts';
import { type Millis, shuffle } from '../../../shared/src/machine.ts';
import { agedContact } from './contact-exchange.ts';
import type { Entry } from './entry.ts';
import { FLAG_CROSS_CHECK, decodeContacts, encodeContacts } from './link-frames.ts';
import { encodeFind } from './payloads.ts';
import type { ReplyFrame } from './reply-frame.ts';
import { Request, type RequestOwner, type Routing } from './request.ts';
import { ROUTE_ANNOUNCE, ROUTE_KIND } from './route-frame.ts';

/**
 * Makes one network of two that get a link between them. Greedy routing never leaves the half it starts in, so a peer
 * whose siblings were displaced by living strangers takes that for another island: it names one of the strangers to
 * some of its links, who look themselves up through it, find their own places over there, link to them, and do the same.
 */
export class Merging implements RequestOwner {
  readonly #routing: Routing;
  /** Siblings between one and two `SETTLED_SIBLINGS_MS` ago. BOUNDED: by the sibling count. */
  #settled: ReadonlySet<NodeId> | undefined;
  #recent: ReadonlySet<NodeId> | undefined;
  #isDisplaced = false;
  #seenVersion = -1;
  #turnedAt: Millis = Number.NEGATIVE_INFINITY;
  #mergeAt: Millis = Number.NEGATIVE_INFINITY;
  #checkAt: Millis = Number.NEGATIVE_INFINITY;
  #check: Request | undefined;
  #stranger: NodeId | undefined;

  constructor(routing: Routing) {
    this.#routing = routing;
  }

  /** Compares the siblings with those of a while ago. */
  tick(): void {
    const { core, table } = this.#routing;
    if (core.now - this.#turnedAt >= SETTLED_SIBLINGS_MS) {
      this.#turnedAt = core.now;
      this.#settled = this.#recent;
      this.#recent = new Set(table.siblings.map(({ contact }) => contact.id));
      this.#compare();
    }
    if (table.siblingVersion !== this.#seenVersion) this.#compare();
    if (!this.#isDisplaced || core.now < this.#mergeAt) return;
    const stranger = table.siblings.find(({ contact, link }) => link && !this.#settled?.has(contact.id));
    if (stranger) this.#hint(stranger);
  }

  stop(): void {
    this.#check?.cancel();
  }

  /** A linked peer asks us to look ourselves up through the contact that it names. False: malformed. */
  onHint(from: Entry, bytes: Uint8Array): boolean {
    const { core, table } = this.#routing;
    const stranger = decodeContacts(bytes, core.contacts)?.contacts[0]?.contact;
    if (!stranger) return false;
    const isKnown = stranger.id === core.self.id || table.link(stranger.id) !== undefined;
    if (isKnown || this.#check || core.now < this.#checkAt) return true;
    this.#checkAt = core.now + CROSS_CHECK_INTERVAL_MS;
    this.#stranger = stranger.id;
    const way = [from.contact.id, stranger.id];
    this.#check = new Request(
      this.#routing,
      {
        kind: ROUTE_KIND.find,
        flags: ROUTE_ANNOUNCE,
        target: core.self.id,
        payload: encodeFind({ key: core.self.id, referrers: [from.contact.id] }),
        ways: [way],
        deadline: core.now + CROSS_CHECK_TIMEOUT_MS,
        maxAttempts: 1,
      },
      this,
    ).start();
    return true;
  }

  /** The peers around our place on the other side are reached through the stranger. */
  onAnswer(_request: Request, reply: ReplyFrame): void {
    this.#check = undefined;
    if (this.#stranger === undefined) return;
    for (const { contact } of reply.closest) this.#routing.table.get(contact.id)?.addReferrer(this.#stranger);
  }

  onNoAnswer(): void {
    this.#check = undefined;
  }

  /** Sees how many former siblings live and are siblings no more. */
  #compare(): void {
    const { table } = this.#routing;
    this.#seenVersion = table.siblingVersion;
    let count = 0;
    for (const id of this.#settled ?? []) {
      const entry = table.get(id);
      if (entry && !table.isSibling(entry)) count++;
    }
    this.#isDisplaced = count > 0 && count >= ISLAND_SHARE * (this.#settled?.size ?? 0);
  }

  /** Names `stranger` to some links that are older than the change, at random over the table. */
  #hint(stranger: Entry): void {
    const { core, table } = this.#routing;
    this.#mergeAt = core.now + MERGE_INTERVAL_MS;
    const frame = encodeContacts({ flags: FLAG_CROSS_CHECK, contacts: [agedContact(core, stranger)] });
    const since = stranger.link?.since ?? core.now;
    const own = table.linked.filter(({ link }) => link && link.since < since);
    for (const { contact } of shuffle(core.rng, own).slice(0, MERGE_HINTS)) core.send(contact.id, frame);
  }
}
