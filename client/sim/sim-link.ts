import type { Contact } from '../../shared/src/ids.ts';
import type { Millis } from '../../shared/src/machine.ts';
import type { SimNode } from './sim-node.ts';

/** Names one side of a link to another shard: a place in its shard's table, and the number of the connection that has it. */
export interface LinkEnd {
  readonly slot: number;
  /** Another one for each connection, so that frames of a former one are recognised. */
  readonly connection: number;
}

/** The other side of a link, when another shard has it. */
export interface RemoteEnd extends LinkEnd {
  readonly shard: number;
}

/** One side of a raw connection. */
export class SimLink {
  readonly owner: SimNode;
  readonly peer: Contact;
  readonly peerIndex: number;
  /** One way, the same both ways. [whole ms] */
  readonly latencyMs: Millis;
  /** False until this side is open, and again once it has closed or noticed the end of the link. */
  isUp = false;
  /** The other side's view, when this shard has it and it is known. */
  far: SimLink | undefined;
  /** The other side, when another shard has it and it is known. */
  remote: RemoteEnd | undefined;
  /** This side's name in other shards, when the peer is in one of them. */
  end: LinkEnd | undefined;

  constructor(owner: SimNode, peer: Contact, peerIndex: number, latencyMs: Millis) {
    this.owner = owner;
    this.peer = peer;
    this.peerIndex = peerIndex;
    this.latencyMs = latencyMs;
  }
}

/** The sides of links that other shards can name. */
export class LinkEnds {
  readonly #links: (SimLink | undefined)[] = [];
  readonly #free: number[] = [];
  #connections = 0;

  /** Gives `link` a name. */
  add(link: SimLink): LinkEnd {
    const slot = this.#free.pop() ?? this.#links.length;
    this.#links[slot] = link;
    link.end = { slot, connection: ++this.#connections };
    return link.end;
  }

  /** The link of that name; undefined when its connection is over. */
  find(slot: number, connection: number): SimLink | undefined {
    const link = this.#links[slot];
    return link?.end?.connection === connection ? link : undefined;
  }

  /** Takes the name of `link` back, if it has one. */
  remove(link: SimLink): void {
    if (!link.end) return;
    this.#links[link.end.slot] = undefined;
    this.#free.push(link.end.slot);
    link.end = undefined;
  }
}
