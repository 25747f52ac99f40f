import type { Millis } from '../../shared/src/machine.ts';
import { SimEvent } from './event-queue.ts';
import type { SimLink, SimNode } from './sim-node.ts';

/** What the events tell their world. */
export interface EventWorld {
  /** `link` is the sender's. */
  deliver(link: SimLink, bytes: Uint8Array): void;
  wake(node: SimNode): void;
}

/** A frame arrives. A share of 100,000 peers' messages is a lot: the frame, not a closure, is the event. */
export class Delivery extends SimEvent {
  readonly #world: EventWorld;
  readonly #link: SimLink;
  readonly #bytes: Uint8Array;

  /** `link` is the sender's. */
  constructor(world: EventWorld, link: SimLink, bytes: Uint8Array) {
    super();
    this.#world = world;
    this.#link = link;
    this.#bytes = bytes;
  }

  run(): void {
    this.#world.deliver(this.#link, this.#bytes);
  }
}

/** A node's deadline comes, unless another one was set since. */
export class WakeUp extends SimEvent {
  readonly #world: EventWorld;
  readonly #node: SimNode;
  readonly #at: Millis;

  constructor(world: EventWorld, node: SimNode, at: Millis) {
    super();
    this.#world = world;
    this.#node = node;
    this.#at = at;
  }

  run(): void {
    if (this.#node.isAlive && this.#node.wakeAt === this.#at) this.#world.wake(this.#node);
  }
}
