import type { NodeId } from '../../../shared/src/ids.ts';
import { MIN_PATIENCE_MS } from '../../../shared/src/limits/overlay.ts';
import {
  MAX_PROBES_PER_LINK,
  MAX_RELAY_CANDIDATES,
  RELAYS_PER_LINK,
  RELAY_CHECK_MS,
  RELAY_PROOF_MS,
  RELAY_SEARCH_PAUSE_MS,
  VIRTUAL_EXCHANGE_MS,
  VIRTUAL_PROBE_MS,
  VIRTUAL_PROBE_TIMEOUT_MS,
  VIRTUAL_SILENCE_MS,
} from '../../../shared/src/limits/virtual-links.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { compareDistance } from '../../../shared/src/xor.ts';
import type { Entry } from './entry.ts';
import { PROBE_WANTS_CONTACTS, encodeProbe } from './virtual-link-probe.ts';
import type { ReplyFrame } from './reply-frame.ts';
import { Request, type RequestOwner, type Routing } from './request.ts';
import { ROUTE_EXACT, ROUTE_KIND } from './route-frame.ts';
import { RttEstimator } from './rtt.ts';

/** To the common neighbour, and on to the other end. */
const PROBE_HOPS = 2;

/** A common neighbour that carries messages between the two ends. */
interface Relay {
  readonly id: NodeId;
  /** When the other end was last heard through it, be it in a probe, which anybody may send in its name. */
  heardAt: Millis;
  /** When it last brought an answer to us. */
  answeredAt: Millis;
}

/**
 * What stands in for a link to a peer that we cannot connect to: one or two common neighbours, which are probed.
 *
 *     searching ──a neighbour brings an answer──► up ──relay lost or mute──► searching beside the other relay
 *         └────────────── silence ──────────────► dead ◄────── silence ──────┘
 */
export class VirtualLink implements RequestOwner {
  readonly peer: NodeId;
  readonly rtt = new RttEstimator();
  readonly #routing: Routing;
  /** Best first. BOUNDED: by RELAYS_PER_LINK. */
  #relays: Relay[] = [];
  /** BOUNDED: by MAX_PROBES_PER_LINK. */
  readonly #probes = new Map<Request, NodeId>();
  /** Asked in this search. BOUNDED: by MAX_RELAY_CANDIDATES, and the links through which probes come. */
  readonly #asked = new Set<NodeId>();
  /** Of these, asked because a probe of the other end came through them. BOUNDED: as those. */
  readonly #askedBack = new Set<NodeId>();
  #searchAt: Millis;
  #heardAt: Millis;
  #exchangeAt: Millis;

  constructor(routing: Routing, peer: NodeId) {
    const { now } = routing.core;
    this.peer = peer;
    this.#routing = routing;
    this.#searchAt = now;
    this.#heardAt = now;
    this.#exchangeAt = now;
  }

  /** The relays in use, best first. */
  get relays(): readonly NodeId[] {
    return this.#relays.map(({ id }) => id);
  }

  get isDead(): boolean {
    return this.#routing.core.now - this.#heardAt >= VIRTUAL_SILENCE_MS;
  }

  hasRelay(id: NodeId): boolean {
    return this.#relays.some((relay) => relay.id === id);
  }

  /** A relay that may take a message on, other than those in `excluded`. */
  relay(excluded: readonly NodeId[]): Entry | undefined {
    for (const { id } of this.#relays) {
      const entry = excluded.includes(id) ? undefined : this.#routing.table.link(id);
      if (entry && !entry.link?.isSuspect) return entry;
    }
    return undefined;
  }

  /** Sends the probes that are due. */
  tick(): void {
    const { core, table } = this.#routing;
    this.#relays = this.#relays.filter(({ id }) => table.link(id));
    if (this.#relays.length < RELAYS_PER_LINK && core.now >= this.#searchAt) this.#search();
    if (this.#probes.size > 0) return;
    const stalest = this.#stalest();
    if (!stalest) return;
    const unproven = this.#relays.find(({ answeredAt }) => core.now - answeredAt >= RELAY_PROOF_MS);
    if (unproven) return this.#probe(unproven.id);
    const patience = core.self.id < this.peer ? VIRTUAL_PROBE_MS : 1.5 * VIRTUAL_PROBE_MS;
    if (core.now - this.#heardAt >= patience || core.now - stalest.heardAt >= RELAY_CHECK_MS) this.#probe(stalest.id);
  }

  /** Our own loop stood still for `stalledMs`: that time is nobody's silence. */
  forgive(stalledMs: Millis): void {
    const { now } = this.#routing.core;
    this.#heardAt = Math.min(now, this.#heardAt + stalledMs);
  }

  /**
   * A probe in the name of the other end came through `relay`. One that never brought an answer is asked first, be it again:
   * it may have its way since. Once in a search, for anybody can send such probes.
   */
  onProbed(relay: NodeId): void {
    const held = this.#relays.find(({ id }) => id === relay);
    if (held) return this.#heard(held);
    if (this.#probes.size >= MAX_PROBES_PER_LINK - this.#relays.length || this.#relays.length >= RELAYS_PER_LINK)
      return;
    const isUnderWay = [...this.#probes.values()].includes(relay);
    if (isUnderWay || this.#askedBack.has(relay) || !this.#routing.table.link(relay)) return;
    this.#asked.add(relay);
    this.#askedBack.add(relay);
    this.#probe(relay);
  }

  #heard(relay: Relay): void {
    const { core, table } = this.#routing;
    this.#heardAt = core.now;
    relay.heardAt = core.now;
    const entry = table.get(this.peer);
    if (entry) entry.lastProof = Math.max(entry.lastProof, core.now);
  }

  /** Forgets all questions; nothing follows. */
  close(): void {
    for (const probe of this.#probes.keys()) probe.cancel();
    this.#probes.clear();
    this.#relays = [];
  }

  onAnswer(probe: Request, reply: ReplyFrame): void {
    const relay = this.#probes.get(probe);
    this.#probes.delete(probe);
    if (relay === undefined || reply.status !== 'ok') return;
    const { core, table } = this.#routing;
    this.rtt.sample(core.now - probe.startedAt);
    const held = this.#relays.find(({ id }) => id === relay);
    const answered = held ?? { id: relay, heardAt: core.now, answeredAt: core.now };
    answered.answeredAt = core.now;
    this.#heard(answered);
    if (!held && table.link(relay)) this.#take(answered);
  }

  onNoAnswer(probe: Request): void {
    const relay = this.#probes.get(probe);
    this.#probes.delete(probe);
    this.#relays = this.#relays.filter(({ id }) => id !== relay);
    this.tick();
  }

  #take(relay: Relay): void {
    if (this.#relays.length >= RELAYS_PER_LINK) {
      const stalest = this.#stalest();
      if (!stalest || relay.heardAt - stalest.heardAt < VIRTUAL_PROBE_MS) return;
      this.#relays = this.#relays.filter((held) => held !== stalest);
    }
    this.#relays.push(relay);
    if (this.#relays.length >= RELAYS_PER_LINK) this.#forgetAsked();
  }

  #forgetAsked(): void {
    this.#asked.clear();
    this.#askedBack.clear();
  }

  #stalest(): Relay | undefined {
    const [first, second] = this.#relays;
    return first && second && second.heardAt < first.heardAt ? second : first;
  }

  /** Asks further neighbours, those that told us of the peer first, then those nearest to it. */
  #search(): void {
    const { core } = this.#routing;
    while (this.#probes.size < MAX_PROBES_PER_LINK - this.#relays.length) {
      const next = this.#asked.size < MAX_RELAY_CANDIDATES ? this.#candidate() : undefined;
      if (!next) {
        if (this.#probes.size > 0) return;
        this.#forgetAsked();
        this.#searchAt = core.now + RELAY_SEARCH_PAUSE_MS / (this.#relays.length === 0 ? 4 : 1);
        return;
      }
      this.#asked.add(next);
      this.#probe(next);
    }
  }

  #candidate(): NodeId | undefined {
    const { table } = this.#routing;
    const isFree = (id: NodeId): boolean => !this.#asked.has(id) && !this.hasRelay(id);
    const told = table.get(this.peer)?.referrers.find((id) => isFree(id) && table.link(id));
    if (told !== undefined) return told;
    let best: NodeId | undefined;
    for (const { contact, link } of table.linked) {
      const { id } = contact;
      if (link?.isSuspect || !isFree(id)) continue;
      if (best === undefined || compareDistance(this.peer, id, best) < 0) best = id;
    }
    return best;
  }

  #probe(relay: NodeId): void {
    const { core, answerTimes } = this.#routing;
    const isExchange = core.now >= this.#exchangeAt;
    if (isExchange) this.#exchangeAt = core.now + VIRTUAL_EXCHANGE_MS;
    const usualMs = answerTimes.timeoutFor(PROBE_HOPS, VIRTUAL_PROBE_TIMEOUT_MS, MIN_PATIENCE_MS);
    const timeoutMs = this.rtt.mean === undefined ? usualMs : Math.max(usualMs, this.rtt.timeout);
    const probe = new Request(
      this.#routing,
      {
        kind: ROUTE_KIND.probe,
        flags: ROUTE_EXACT,
        target: this.peer,
        payload: encodeProbe(isExchange ? PROBE_WANTS_CONTACTS : 0),
        ways: [[relay]],
        deadline: core.now + timeoutMs,
        maxAttempts: 1,
      },
      this,
    );
    this.#probes.set(probe, relay);
    probe.start();
  }
}
