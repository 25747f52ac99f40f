import type { Contact, NodeId } from '../../../shared/src/ids.ts';
import type { BrokenPairs } from './broken-pairs.ts';
import type { Entry } from './entry.ts';
import type { Holdings } from './holdings.ts';
import type { Joining } from './joining.ts';
import type { LinkPolicy } from './link-policy.ts';
import type { Liveness } from './liveness.ts';
import type { Routing } from './request.ts';
import type { OverlayOutput } from './types.ts';
import type { VirtualLinks } from './virtual-links.ts';

/** Why the overlay closes a link to a peer that it gives up. */
type CloseReason = Extract<OverlayOutput, { kind: 'closeLink' }>['why'];

/** Who is told of links that come and go. */
export interface PeerLinksParts {
  readonly routing: Routing;
  readonly holdings: Holdings;
  readonly pairs: BrokenPairs;
  readonly virtualLinks: VirtualLinks;
  readonly policy: LinkPolicy;
  readonly liveness: Liveness;
  readonly joining: Joining;
}

/** The links that the overlay uses: what follows when one comes up, goes down, or is given up with its peer. */
export class PeerLinks {
  readonly #parts: PeerLinksParts;

  constructor(parts: PeerLinksParts) {
    this.#parts = parts;
  }

  /** A link to `peer` can be used: it goes into the table, and the peer is greeted. */
  onLinkUp(peer: Contact, isOutbound: boolean, network?: string): void {
    const { routing, pairs, virtualLinks, policy, liveness, joining } = this.#parts;
    const { core, table, forwarder } = routing;
    if (peer.id === core.self.id) return;
    const entry = table.linkUp(peer, core.now, isOutbound);
    forwarder.targets.forget(peer.id);
    pairs.delete(peer.id);
    virtualLinks.delete(peer.id);
    // Remembered even when the link goes at once: a greeting over it may bring it back.
    if (entry.link) entry.link.network = network;
    policy.keepWithinHardLimit(entry);
    policy.onNetwork(peer.id, network);
    if (!entry.link) return;
    liveness.hello(entry);
    liveness.ping(entry);
    joining.onLinkUp(entry);
    policy.onLinkUp(peer.id);
  }

  onLinkDown(peer: NodeId): void {
    if (this.#parts.routing.table.link(peer)) this.lose(peer);
  }

  /** The peer is gone: out of the table, out of what we hold, and what waited for it goes another way. */
  lose(peer: NodeId, banMs = 0): void {
    const { routing, holdings, virtualLinks, policy } = this.#parts;
    routing.table.drop(peer, routing.core.now, banMs);
    holdings.onPeerLost(peer);
    virtualLinks.delete(peer);
    routing.forwarder.onLinkLost(peer);
    policy.onLinkLost();
  }

  /** The peer keeps other links than ours: it stays known, and what waited for it goes another way. */
  onPruned(entry: Entry): void {
    const { routing, policy } = this.#parts;
    policy.onPruned(entry);
    routing.forwarder.onLinkLost(entry.contact.id);
    policy.wake();
  }

  /** Gives a peer up, and closes its link; for `banMs` it is not learnt again. */
  giveUp({ contact }: Entry, why: CloseReason, banMs = 0): void {
    this.lose(contact.id, banMs);
    this.#parts.routing.core.out.push({ kind: 'closeLink', peer: contact.id, why });
  }
}
