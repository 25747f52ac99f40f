import type { NodeId } from '../../../shared/src/ids.ts';
import { EXCHANGE_CONTACTS } from '../../../shared/src/limits/overlay.ts';
import { MAX_VIRTUAL_LINKS } from '../../../shared/src/limits/virtual-links.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { compareDistance } from '../../../shared/src/xor.ts';
import type { BrokenPairs } from './broken-pairs.ts';
import { closestLinked } from './contact-exchange.ts';
import type { Entry } from './entry.ts';
import type { Forward } from './forward.ts';
import type { Answer } from './endpoint.ts';
import { PROBE_WANTS_CONTACTS, decodeProbe } from './virtual-link-probe.ts';
import type { Routing } from './request.ts';
import { VirtualLink } from './virtual-link.ts';

/** The way to a peer that we cannot connect to. */
export interface VirtualHop {
  /** The common neighbour: the next hop. */
  readonly relay: Entry;
  /** Whom it hands the message to. */
  readonly peer: NodeId;
}

/**
 * Keeps virtual links to the peers that we cannot connect to and that matter: siblings, and the only contact of a
 * bucket. Routing takes them where they lead closer than every link.
 */
export class VirtualLinks {
  readonly #routing: Routing;
  readonly #pairs: BrokenPairs;
  /** BOUNDED: by MAX_VIRTUAL_LINKS. */
  readonly #links = new Map<NodeId, VirtualLink>();

  constructor(routing: Routing, pairs: BrokenPairs) {
    this.#routing = routing;
    this.#pairs = pairs;
  }

  get size(): number {
    return this.#links.size;
  }

  get(id: NodeId): VirtualLink | undefined {
    return this.#links.get(id);
  }

  /** True while messages to somebody depend on the link to `id`. */
  isRelay(id: NodeId): boolean {
    for (const link of this.#links.values()) if (link.hasRelay(id)) return true;
    return false;
  }

  /** Opens and closes virtual links, and probes. Returns the peers whose silence is over the limit. */
  tick(): NodeId[] {
    if (this.#pairs.size === 0 && this.#links.size === 0) return NOBODY;
    const wanted = this.#wanted();
    const dead: NodeId[] = [];
    for (const [id, link] of this.#links) {
      const isDead = link.isDead;
      if (wanted.has(id) && !isDead) continue;
      this.#close(id, link);
      if (wanted.has(id) && isDead) dead.push(id);
    }
    for (const id of wanted) {
      if (!this.#links.has(id) && !dead.includes(id)) this.#links.set(id, new VirtualLink(this.#routing, id));
    }
    for (const link of [...this.#links.values()]) link.tick();
    return dead;
  }

  forgive(stalledMs: Millis): void {
    for (const link of this.#links.values()) link.forgive(stalledMs);
  }

  /** A link is there, or the peer is gone: nothing has to stand in for it. */
  delete(id: NodeId): void {
    const link = this.#links.get(id);
    if (link) this.#close(id, link);
  }

  /** The relay to exactly `target`. */
  exactHop(target: NodeId, excluded: readonly NodeId[]): VirtualHop | undefined {
    const relay = this.#links.size === 0 ? undefined : this.#links.get(target)?.relay(excluded);
    return relay && { relay, peer: target };
  }

  /** The way to the peer closest to `target`, when it is closer than `bar`. `origin` is not handed its own message. */
  closerHop(
    target: NodeId,
    bar: NodeId | undefined,
    excluded: readonly NodeId[],
    origin: NodeId,
  ): VirtualHop | undefined {
    // Every message asks, and most peers have none.
    if (this.#links.size === 0) return undefined;
    let best: VirtualHop | undefined;
    for (const [peer, link] of this.#links) {
      const closest = best?.peer ?? bar;
      if (peer === origin || (closest !== undefined && compareDistance(target, peer, closest) >= 0)) continue;
      const relay = link.relay(excluded);
      if (relay && relay.contact.id !== origin) best = { relay, peer };
    }
    return best;
  }

  /** Answers the probe of a peer that cannot connect to us. */
  onProbe(forward: Forward, payload: Uint8Array): Answer | undefined {
    const flags = decodeProbe(payload);
    if (flags === undefined || forward.from === undefined) return undefined;
    const { core, table } = this.#routing;
    const { id } = forward.origin;
    this.#links.get(id)?.onProbed(forward.from);
    const wantsContacts = (flags & PROBE_WANTS_CONTACTS) !== 0;
    const closest = wantsContacts ? closestLinked(core, table, id, EXCHANGE_CONTACTS, id) : [];
    return { status: 'ok', payload: new Uint8Array(0), closest };
  }

  #close(id: NodeId, link: VirtualLink): void {
    link.close();
    this.#links.delete(id);
  }

  /** The peers that need a virtual link, the nearest to us first. At most MAX_VIRTUAL_LINKS. */
  #wanted(): Set<NodeId> {
    const { table } = this.#routing;
    const wanted = new Set<NodeId>();
    for (const entry of table.siblings) this.#want(wanted, entry);
    for (const bucket of table.buckets) {
      if (!bucket || bucket.linkedCount > 0 || wanted.size >= MAX_VIRTUAL_LINKS) continue;
      const { entries } = bucket;
      const isCovered = entries.some((entry) => wanted.has(entry.contact.id) || !this.#isBroken(entry));
      const only = isCovered ? undefined : (entries.find(({ contact }) => this.#links.has(contact.id)) ?? entries[0]);
      if (only) this.#want(wanted, only);
    }
    return wanted;
  }

  #want(wanted: Set<NodeId>, entry: Entry): void {
    if (wanted.size < MAX_VIRTUAL_LINKS && !entry.link && this.#isBroken(entry)) wanted.add(entry.contact.id);
  }

  /** A virtual link outlives the hold-off: it serves until another try to connect has succeeded. */
  #isBroken({ contact }: Entry): boolean {
    return this.#links.has(contact.id) || this.#pairs.has(contact.id, this.#routing.core.now);
  }
}

const NOBODY: NodeId[] = [];
