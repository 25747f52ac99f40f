import type { Millis } from '../../shared/src/machine.ts';
import { SimEvent } from './event-queue.ts';
import type { SimLink } from './sim-link.ts';
import type { SimNode } from './sim-node.ts';

/** Where frames arrive. */
export interface FrameReceiver {
  /** `link` is the receiver's side. */
  deliver(link: SimLink, bytes: Uint8Array): void;
}

/** A frame arrives. A share of 100,000 peers' messages is a lot: the frame, not a closure, is the event. */
export class Delivery extends SimEvent {
  readonly #receiver: FrameReceiver;
  readonly #link: SimLink;
  readonly #bytes: Uint8Array;

  /** `link` is the receiver's side. */
  constructor(receiver: FrameReceiver, link: SimLink, bytes: Uint8Array) {
    super();
    this.#receiver = receiver;
    this.#link = link;
    this.#bytes = bytes;
  }

  run(): void {
    this.#receiver.deliver(this.#link, this.#bytes);
  }
}

/** What wakes nodes. */
export interface Waker {
  wake(node: SimNode): void;
}

/** A node's deadline comes, unless another one was set since. */
export class WakeUp extends SimEvent {
  readonly #waker: Waker;
  readonly #node: SimNode;
  readonly #at: Millis;

  constructor(waker: Waker, node: SimNode, at: Millis) {
    super();
    this.#waker = waker;
    this.#node = node;
    this.#at = at;
  }

  run(): void {
    if (this.#node.isAlive && this.#node.wakeAt === this.#at) this.#waker.wake(this.#node);
  }
}
