import type { Contact, NodeId } from '../../shared/src/ids.ts';
import type { Millis } from '../../shared/src/machine.ts';
import type { OverlayCommand, OverlayInput } from '../src/overlay/types.ts';
import type { Digest } from './digest.ts';
import type { SimEvent } from './event-queue.ts';
import type { LinkMessage, Message } from './messages.ts';
import { type LinkEnd, LinkEnds, type RemoteEnd, SimLink } from './sim-link.ts';
import type { SimNode } from './sim-node.ts';
import { Delivery } from './world-events.ts';

/** After a death without a word, the other side's connection notices this late; the overlay should be earlier. [ms] */
export const ICE_DISCONNECT_MS = 30_000;

/** What links need of their world. */
export interface LinkWorld {
  readonly now: Millis;
  readonly nodes: ReadonlyMap<NodeId, SimNode>;
  readonly digest: Digest;
  /** One way between two peers. [whole ms] */
  latency(a: number, b: number): Millis;
  indexOf(contact: Contact): number;
  /** Which shard simulates the peer; undefined for this one. */
  remoteShardOf(contact: Contact): number | undefined;
  at(at: Millis, action: () => void): void;
  queue(at: Millis, event: SimEvent): void;
  post(shard: number, at: Millis, message: Message): void;
  postFrame(shard: number, at: Millis, to: LinkEnd, bytes: Uint8Array): void;
  feed(node: SimNode, input: OverlayInput): void;
  command(node: SimNode, command: OverlayCommand): void;
}

/**
 * Raw connections. The two sides of one are at two peers and learn of each other by messages alone, which take the
 * latency of the pair and keep their order: an open, which the callee takes up and answers; frames; a close. A side that
 * this shard has is reached directly, one of another shard by its name there.
 */
export class Links {
  /** Message conservation: every frame sent is delivered, lost with its link, or still under way. */
  readonly frames = { sent: 0, delivered: 0, lost: 0 };
  readonly #world: LinkWorld;
  readonly #ends = new LinkEnds();

  constructor(world: LinkWorld) {
    this.#world = world;
  }

  /** Asks `peer` to take a link up. The link returned is up on this side once the answer is there. */
  open(node: SimNode, peer: Contact): SimLink {
    const world = this.#world;
    const link = this.#side(node, peer);
    const at = world.now + link.latencyMs;
    const shard = world.remoteShardOf(peer);
    if (shard === undefined) world.at(at, () => this.#onOpen(peer, node.contact, link));
    else world.post(shard, at, { kind: 'open', from: node.contact, to: peer, end: this.#ends.add(link) });
    return link;
  }

  /** A link that is up on both sides at once, between two peers of this shard. */
  connect(node: SimNode, peer: SimNode): void {
    const link = this.#side(node, peer.contact);
    const reverse = this.#side(peer, node.contact);
    link.far = reverse;
    reverse.far = link;
    // Both are there before either peer hears of it.
    this.#put(link);
    this.#put(reverse);
    this.#tellUp(link, true);
    this.#tellUp(reverse, false);
  }

  /** Closes a link. Frames already sent, a BYE among them, still arrive: the close travels behind them. */
  close(link: SimLink): void {
    const { now } = this.#world;
    this.#sendClose(link, now + link.latencyMs);
    this.#world.at(now + link.latencyMs, () => this.#end(link));
  }

  /** A peer's links just fall silent; the other sides notice it late. */
  abandon({ links }: SimNode): void {
    this.#world.at(this.#world.now + ICE_DISCONNECT_MS, () => {
      for (const link of links.values()) {
        this.#sendClose(link, this.#world.now + link.latencyMs);
        this.#shut(link);
      }
      links.clear();
    });
  }

  /** `isLost`: it vanishes on the way. */
  send(node: SimNode, to: NodeId, bytes: Uint8Array, isLost: boolean): void {
    this.frames.sent++;
    const link = node.links.get(to);
    if (!link || isLost) {
      this.frames.lost++;
      return;
    }
    const at = this.#world.now + link.latencyMs;
    if (link.far) this.#world.queue(at, new Delivery(this, link.far, bytes));
    else if (link.remote) this.#world.postFrame(link.remote.shard, at, link.remote, bytes);
  }

  /** A frame arrives at `link`, the receiver's side. */
  deliver(link: SimLink, bytes: Uint8Array): void {
    const { owner, peer, peerIndex, isUp } = link;
    if (!owner.isAlive || !isUp) {
      this.frames.lost++;
      return;
    }
    const { digest, now } = this.#world;
    this.frames.delivered++;
    digest.add(now);
    digest.add(peerIndex ^ Math.imul(owner.index, 0x9e3779b1));
    digest.add(((bytes[1] ?? 0) << 16) | bytes.length);
    this.#world.feed(owner, { kind: 'received', from: peer.id, bytes });
  }

  /** A frame from another shard is under way to one of ours. */
  expect(at: Millis, slot: number, connection: number, bytes: Uint8Array): void {
    const link = this.#ends.find(slot, connection);
    if (link) this.#world.queue(at, new Delivery(this, link, bytes));
    else this.frames.lost++;
  }

  /** A message from `shard` arrives. */
  receive(shard: number, message: LinkMessage): void {
    if (message.kind === 'open') {
      this.#onOpen(message.to, message.from, { shard, ...message.end });
      return;
    }
    const link = this.#ends.find(message.to.slot, message.to.connection);
    if (!link) return;
    if (message.kind === 'opened') this.#onOpened(link, { shard, ...message.end });
    else if (message.kind === 'unopened') this.#onUnopened(link);
    else this.#end(link);
  }

  #side(node: SimNode, peer: Contact): SimLink {
    const peerIndex = this.#world.indexOf(peer);
    return new SimLink(node, peer, peerIndex, this.#world.latency(node.index, peerIndex));
  }

  #onOpen(to: Contact, caller: Contact, far: SimLink | RemoteEnd): void {
    const world = this.#world;
    const node = world.nodes.get(to.id);
    if (!node?.isAlive) {
      const at = world.now + world.latency(world.indexOf(to), world.indexOf(caller));
      if (far instanceof SimLink) world.at(at, () => this.#onUnopened(far));
      else world.post(far.shard, at, { kind: 'unopened', to: far });
      return;
    }
    const link = this.#side(node, caller);
    const dial = node.dials.get(caller.id);
    // Two opens cross: that of the peer with the lower index stands, and its sender hears no answer to the other.
    if (dial?.link && node.index < link.peerIndex) return;
    if (dial?.link) this.#ends.remove(dial.link);
    node.dials.delete(caller.id);
    this.#answer(link, far);
    this.#put(link);
    this.#tellUp(link, false);
  }

  /** Joins the callee's side to the caller's, and says so to the caller. */
  #answer(link: SimLink, far: SimLink | RemoteEnd): void {
    const at = this.#world.now + link.latencyMs;
    if (far instanceof SimLink) {
      link.far = far;
      this.#world.at(at, () => this.#onOpened(far, link));
    } else {
      link.remote = far;
      this.#world.post(far.shard, at, { kind: 'opened', to: far, end: this.#ends.add(link) });
    }
  }

  #onOpened(link: SimLink, far: SimLink | RemoteEnd): void {
    const { owner, peer } = link;
    if (far instanceof SimLink) link.far = far;
    else link.remote = far;
    if (!owner.isAlive) {
      this.#sendClose(link, this.#world.now + ICE_DISCONNECT_MS);
      this.#shut(link);
      return;
    }
    if (owner.dials.get(peer.id)?.link === link) owner.dials.delete(peer.id);
    this.#put(link);
    this.#tellUp(link, true);
  }

  #onUnopened(link: SimLink): void {
    const { owner, peer } = link;
    this.#shut(link);
    if (owner.dials.get(peer.id)?.link !== link) return;
    owner.dials.delete(peer.id);
    this.#world.command(owner, { kind: 'linkFailed', peer: peer.id, isPeerAtFault: true });
  }

  /** Opens this side. A link that the peer has already gives way. */
  #put(link: SimLink): void {
    const { owner, peer } = link;
    const former = owner.links.get(peer.id);
    if (former) this.#shut(former);
    link.isUp = true;
    owner.links.set(peer.id, link);
  }

  #tellUp({ owner, peer, peerIndex }: SimLink, isOutbound: boolean): void {
    this.#world.digest.add(owner.index * 31 + peerIndex);
    this.#world.feed(owner, { kind: 'linkUp', peer, isOutbound });
  }

  #sendClose({ far, remote }: SimLink, at: Millis): void {
    if (far) this.#world.at(at, () => this.#end(far));
    else if (remote) this.#world.post(remote.shard, at, { kind: 'close', to: remote });
  }

  /** This side is at its end, by its own will or because the other side's close arrived. */
  #end(link: SimLink): void {
    const { owner, peer, isUp } = link;
    this.#shut(link);
    if (!isUp || owner.links.get(peer.id) !== link) return;
    owner.links.delete(peer.id);
    if (owner.isAlive) this.#world.feed(owner, { kind: 'linkDown', peer: peer.id });
  }

  #shut(link: SimLink): void {
    link.isUp = false;
    this.#ends.remove(link);
  }
}
