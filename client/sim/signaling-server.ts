import type { Contact, NodeId } from '../../shared/src/ids.ts';
import { type Rng, randomBelow, shuffle } from '../../shared/src/machine.ts';
import { compareDistance } from '../../shared/src/xor.ts';
import { isOffer } from './dials.ts';
import type { NodeMessage, ServerMessage, Signal } from './messages.ts';

/** Introductions that the server gives. [peers] */
const INTRODUCTIONS = 5;

/** Peers of whom the server chooses those that it introduces. [peers] */
const POOL = 20;

/** Of the introductions, those that are any peers; the others are the closest of the pool. [peers] */
const RANDOM = 3;

/** What the server needs of its world. */
export interface ServerWorld {
  readonly isServerUp: boolean;
  /** Sends a message to a peer, which has it after the server's latency. */
  tell(message: NodeMessage): void;
}

/** A peer that is connected to the server. */
interface Client {
  readonly contact: Contact;
  /** Its place in the list of those who are introduced, -1 when it has none. */
  place: number;
}

/** The server: an actor like the peers, who reach it and hear from it by messages. */
export class SignalingServer {
  readonly #world: ServerWorld;
  readonly #rng: Rng;
  readonly #clients = new Map<NodeId, Client>();
  /** Those who may be introduced. Each knows its place, so that it is taken out in one step. */
  readonly #listed: Client[] = [];

  constructor(world: ServerWorld, rng: Rng) {
    this.#world = world;
    this.#rng = rng;
  }

  receive(message: ServerMessage): void {
    switch (message.kind) {
      case 'hello':
        return this.#onHello(message.from, message.wantsIntroductions);
      case 'ask':
        return this.#onAsk(message.from);
      case 'goodbye':
        return this.#onGoodbye(message.from);
      case 'relay':
        return this.#onRelay(message);
    }
  }

  /** Tells a newcomer of some peers: random ones and the closest of a sample, at most five; and puts it on the list. */
  #onHello(from: Contact, wantsIntroductions: boolean): void {
    const client: Client = { contact: from, place: -1 };
    this.#clients.set(from.id, client);
    if (!wantsIntroductions || !this.#world.isServerUp) return;
    const pool = shuffle(this.#rng, this.#sample(POOL));
    const near = pool.slice(RANDOM).sort((a, b) => compareDistance(from.id, a.id, b.id));
    this.#introduce(from, [...pool.slice(0, RANDOM), ...near.slice(0, INTRODUCTIONS - RANDOM)]);
    client.place = this.#listed.push(client) - 1;
  }

  /** A peer without any link asks for others: those it was told of may be gone, or not connectable for it. */
  #onAsk(from: Contact): void {
    if (!this.#world.isServerUp) return;
    this.#introduce(
      from,
      this.#sample(INTRODUCTIONS + 1).filter(({ id }) => id !== from.id),
    );
  }

  /** Takes a peer that is gone off the list. */
  #onGoodbye(from: Contact): void {
    const client = this.#clients.get(from.id);
    this.#clients.delete(from.id);
    const last = client && client.place >= 0 ? this.#listed.pop() : undefined;
    if (!client || !last || last === client) return;
    this.#listed[client.place] = last;
    last.place = client.place;
  }

  /** A signal goes on to its peer, or back as undelivered when that one is not connected. */
  #onRelay({ from, to, signal, attempt }: Signal): void {
    const { isServerUp } = this.#world;
    if (isServerUp && this.#clients.has(to.id)) this.#world.tell({ kind: 'signal', from, to, signal, attempt });
    else if (isOffer(signal))
      this.#world.tell({ kind: 'undelivered', to: from, about: to, attempt, isPeerAtFault: isServerUp });
  }

  #introduce(to: Contact, contacts: readonly Contact[]): void {
    this.#world.tell({ kind: 'introduce', to, contacts });
  }

  #sample(count: number): Contact[] {
    if (this.#listed.length <= count) return this.#listed.map(({ contact }) => contact);
    const chosen = new Set<Contact>();
    while (chosen.size < count)
      chosen.add((this.#listed[randomBelow(this.#rng, this.#listed.length)] as Client).contact);
    return [...chosen];
  }
}
