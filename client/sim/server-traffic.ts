import type { Contact, NodeId } from '../../shared/src/ids.ts';
import type { Millis, Rng } from '../../shared/src/machine.ts';
import type { OverlayCommand } from '../src/overlay/types.ts';
import type { Dials } from './dials.ts';
import type { Message, NodeMessage, ServerMessage } from './messages.ts';
import { SERVER_LATENCY_MS } from './network-model.ts';
import { type ServerWorld, SignalingServer } from './signaling-server.ts';
import type { SimNode } from './sim-node.ts';

/** How often a peer without any link asks the server for other introductions, as `runtime/network.ts` does. [ms] */
const LONELY_RETRY_MS = 3_000;

/** The shard that has the server. */
const SERVER_SHARD = 0;

/** What the traffic with the server needs of its world. */
export interface TrafficWorld {
  readonly now: Millis;
  readonly isServerUp: boolean;
  readonly nodes: ReadonlyMap<NodeId, SimNode>;
  readonly shard: { readonly index: number };
  remoteShardOf(contact: Contact): number | undefined;
  at(at: Millis, action: () => void): void;
  post(shard: number, at: Millis, message: Message): void;
  command(node: SimNode, command: OverlayCommand): void;
}

/** What peers and the server tell each other, each way in the server's latency. */
export class ServerTraffic implements ServerWorld {
  readonly #world: TrafficWorld;
  readonly #dials: Dials;
  readonly #server: SignalingServer;

  constructor(world: TrafficWorld, dials: Dials, rng: Rng) {
    this.#world = world;
    this.#dials = dials;
    this.#server = new SignalingServer(this, rng);
  }

  get isServerUp(): boolean {
    return this.#world.isServerUp;
  }

  /** A peer appears. One that wants introductions asks for others while it gets no link. */
  hello(node: SimNode, wantsIntroductions: boolean): void {
    this.tellServer({ kind: 'hello', from: node.contact, wantsIntroductions });
    if (wantsIntroductions) this.#world.at(this.#world.now + LONELY_RETRY_MS, () => this.#askAgain(node));
  }

  tellServer(message: ServerMessage): void {
    const at = this.#world.now + SERVER_LATENCY_MS;
    if (this.#world.shard.index === SERVER_SHARD) this.#world.at(at, () => this.#server.receive(message));
    else this.#world.post(SERVER_SHARD, at, message);
  }

  tell(message: NodeMessage): void {
    const at = this.#world.now + SERVER_LATENCY_MS;
    const shard = this.#world.remoteShardOf(message.to);
    if (shard === undefined) this.#world.at(at, () => this.#hear(message));
    else this.#world.post(shard, at, message);
  }

  /** A message of another shard arrives. */
  receive(message: ServerMessage | NodeMessage): void {
    switch (message.kind) {
      case 'hello':
      case 'ask':
      case 'goodbye':
      case 'relay':
        return this.#server.receive(message);
      case 'introduce':
      case 'signal':
      case 'undelivered':
        return this.#hear(message);
    }
  }

  #hear(message: NodeMessage): void {
    const node = this.#world.nodes.get(message.to.id);
    if (!node?.isAlive) return;
    switch (message.kind) {
      case 'introduce':
        return this.#world.command(node, { kind: 'introduce', contacts: message.contacts });
      case 'signal':
        return this.#dials.onRelayed(node, message.from, message.signal, message.attempt);
      case 'undelivered':
        return this.#dials.fail(node, message.about.id, message.attempt, message.isPeerAtFault);
    }
  }

  #askAgain(node: SimNode): void {
    if (!node.isAlive || node.links.size > 0 || !this.isServerUp) return;
    this.tellServer({ kind: 'ask', from: node.contact });
    this.#world.at(this.#world.now + LONELY_RETRY_MS, () => this.#askAgain(node));
  }
}
