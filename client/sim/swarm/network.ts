import type { Millis } from '../../../shared/src/machine.ts';
import { Action, EventQueue } from '../event-queue.ts';

/** What an end of a link can carry. */
export interface Capacity {
  /** [bytes/ms], which is kB/s. */
  readonly up: number;
  readonly down: number;
}

/** Bytes that a sender has on the way over one link before it waits for them to arrive. [bytes] 2.5 MB/s at 100 ms. */
const WINDOW_BYTES = 256 * 1024;

/** What goes over a link in one piece. */
export interface Parcel {
  readonly bytes: number;
  /** Its turn has come: nothing is added to it any more. */
  leave(): void;
  deliver(): void;
}

/** The access line of one peer: what it sends to all others shares `up`, what it is sent shares `down`. */
export class Line {
  readonly capacity: Capacity;
  /** When the far end of what was accepted so far will be through. */
  downFreeAt: Millis = 0;
  upFreeAt: Millis = 0;
  isSending = false;
  /** Pipes that have something to send and may, in the order of their turns. */
  readonly turns: Pipe[] = [];
  sentBytes = 0;

  constructor(capacity: Capacity) {
    this.capacity = capacity;
  }
}

/** One direction of a link: an ordered queue that is drained at the pace of both lines. */
export class Pipe {
  readonly from: Line;
  readonly to: Line;
  readonly latencyMs: number;
  /** Called when the queue has shrunk. */
  readonly onDrained: () => void;
  queuedBytes = 0;
  isClosed = false;
  readonly #network: Network;
  #queue: Parcel[] = [];
  #first = 0;
  #inFlight = 0;
  #hasTurn = false;

  constructor(network: Network, from: Line, to: Line, latencyMs: number, onDrained: () => void) {
    this.#network = network;
    this.from = from;
    this.to = to;
    this.latencyMs = latencyMs;
    this.onDrained = onDrained;
  }

  send(parcel: Parcel): void {
    this.#queue.push(parcel);
    this.queuedBytes += parcel.bytes;
    this.#askForTurn();
  }

  /** A parcel that waits has grown. */
  grow(bytes: number): void {
    this.queuedBytes += bytes;
  }

  /** Takes the next parcel off the queue for its turn. */
  shift(): Parcel | undefined {
    this.#hasTurn = false;
    if (this.isClosed) return undefined;
    const parcel = this.#queue[this.#first++];
    if (this.#first * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#first);
      this.#first = 0;
    }
    return parcel;
  }

  /** The parcel has left the machine, and another may. */
  onSent(parcel: Parcel): void {
    this.queuedBytes -= parcel.bytes;
    this.#inFlight += parcel.bytes;
    this.#askForTurn();
    this.onDrained();
  }

  onArrived(parcel: Parcel): void {
    this.#inFlight -= parcel.bytes;
    if (this.isClosed) return;
    parcel.deliver();
    this.#askForTurn();
  }

  #askForTurn(): void {
    if (this.#hasTurn || this.isClosed || this.#first === this.#queue.length || this.#inFlight >= WINDOW_BYTES) return;
    this.#hasTurn = true;
    this.from.turns.push(this);
    this.#network.serve(this.from);
  }
}

/**
 * Access lines on a virtual clock. A line sends one parcel at a time, of its links in turn, as fair queueing shares a
 * bottleneck; what arrives passes the receiver's line in order. A window for each link lets a slow receiver hold back
 * its senders. Losses and the growth of windows are left out.
 */
export class Network {
  readonly #events = new EventQueue();

  get now(): Millis {
    return this.#events.now;
  }

  at(when: Millis, action: () => void): void {
    this.#events.push(when, new Action(action));
  }

  after(delayMs: Millis, action: () => void): void {
    this.at(this.now + delayMs, action);
  }

  /** Runs until `isDone`, or to the instant `until`. */
  run(until: Millis, isDone: () => boolean): void {
    while (!isDone()) {
      const event = this.#events.pop(until);
      if (!event) return;
      event.run();
    }
  }

  /** Sends the next parcel of a line, if it is free. */
  serve(line: Line): void {
    if (line.isSending) return;
    let pipe = line.turns.shift();
    let parcel = pipe?.shift();
    while (pipe && !parcel) {
      pipe = line.turns.shift();
      parcel = pipe?.shift();
    }
    if (!pipe || !parcel) return;
    line.isSending = true;
    parcel.leave();
    const [chosen, sent] = [pipe, parcel];
    // The clock counts whole milliseconds, lines do not: a busy one goes on from where it was, not from the event.
    const startedAt = line.upFreeAt > this.now - 1 ? line.upFreeAt : this.now;
    line.upFreeAt = startedAt + sent.bytes / line.capacity.up;
    line.sentBytes += sent.bytes;
    this.at(line.upFreeAt, () => this.#sent(line, chosen, sent));
  }

  #sent(line: Line, pipe: Pipe, parcel: Parcel): void {
    line.isSending = false;
    const arrivesAt = Math.max(this.now + pipe.latencyMs, pipe.to.downFreeAt) + parcel.bytes / pipe.to.capacity.down;
    pipe.to.downFreeAt = arrivesAt;
    this.at(arrivesAt, () => pipe.onArrived(parcel));
    pipe.onSent(parcel);
    this.serve(line);
  }
}
