import { Reader, Writer } from '../../shared/src/bytes.ts';
import type { Contact, NodeId } from '../../shared/src/ids.ts';
import { type Millis, type Rng, randomBelow } from '../../shared/src/machine.ts';
import type { OverlayCommand } from '../src/overlay/types.ts';
import { type NetworkModel, SERVER_LATENCY_MS } from './network-model.ts';
import type { OpRequest, ResultListener, SimNode } from './sim-node.ts';

/** A dial whose signals stay unanswered fails after this. [ms] */
const DIAL_TIMEOUT_MS = 10_000;

/** When ICE gives a pair up that cannot connect. [ms] */
const ICE_FAILURE_MS = 15_000;

/** Signals of a simulated dial. */
const OFFER = 1;
const ANSWER = 2;
const REFUSAL = 3;
const SPARE_OFFER = 4;

/** A signal is about this long beyond its header. [bytes] A sealed session description. */
const SIGNAL_PADDING = new Uint8Array(500);

/** What dials need of their world. */
export interface DialWorld {
  readonly now: Millis;
  readonly rng: Rng;
  readonly isServerUp: boolean;
  readonly nodes: ReadonlyMap<NodeId, SimNode>;
  at(at: Millis, action: () => void): void;
  command(node: SimNode, command: OverlayCommand): void;
  operate(node: SimNode, request: OpRequest, listener: ResultListener): void;
  connect(node: SimNode, peer: SimNode): void;
}

/** How links come about: signals that travel as routed messages or through the server, then ICE, which takes seconds. */
export class Dials {
  readonly #world: DialWorld;
  readonly #model: NetworkModel;

  constructor(world: DialWorld, model: NetworkModel) {
    this.#world = world;
    this.#model = model;
  }

  /** Opens a link as a node does: offer and answer as routed messages, or through the server while we have no link. */
  start(node: SimNode, contact: Contact, isSpare: boolean): void {
    const attempt = randomBelow(this.#world.rng, 2 ** 31);
    const dial = { attempt, startedAt: this.#world.now };
    node.dials.set(contact.id, dial);
    if (node.links.has(contact.id)) {
      this.#world.at(this.#world.now, () => this.#finishDial(node, contact.id, dial));
      return;
    }
    this.#signal(node, contact, isSpare ? SPARE_OFFER : OFFER, attempt, node.links.size === 0);
    this.#world.at(this.#world.now + DIAL_TIMEOUT_MS, () => this.#failDial(node, contact.id, attempt, false));
  }

  /** An answer goes the way its offer came. */
  #signal(node: SimNode, to: Contact, kind: number, attempt: number, isThroughServer: boolean): void {
    const payload = new Writer(520).u8(kind).u32(attempt).bytes(SIGNAL_PADDING).done();
    if (isThroughServer) {
      const target = this.#world.nodes.get(to.id);
      const isCarried = this.#world.isServerUp && target?.isAlive;
      const after = this.#world.now + 2 * SERVER_LATENCY_MS;
      this.#world.at(after, () => {
        if (target?.isAlive && isCarried) this.onSignal(target, node.contact, payload, true);
        else if (isOffer(kind)) this.#failDial(node, to.id, attempt, this.#world.isServerUp);
      });
      return;
    }
    this.#world.operate(
      node,
      { kind: 'route', target: to.id, protocol: 'signal', payload, timeoutMs: DIAL_TIMEOUT_MS },
      (result) => {
        if (!isOffer(kind) || result.kind !== 'failed') return;
        this.#world.at(this.#world.now, () => this.#failDial(node, to.id, attempt, result.code === 'unreachable'));
      },
    );
  }

  /** A signal came to `node`: as a routed message, or through the server. */
  onSignal(node: SimNode, from: Contact, payload: Uint8Array, isThroughServer: boolean): void {
    const reader = new Reader(payload);
    const kind = reader.u8();
    const attempt = reader.u32();
    if (kind === ANSWER) this.#onAnswer(node, from.id, attempt);
    else if (kind === REFUSAL) this.#onRefusal(node, from.id, attempt);
    else {
      const isTaken = node.overlay.admits(from, kind === SPARE_OFFER, this.#world.now);
      this.#signal(node, from, isTaken ? ANSWER : REFUSAL, attempt, isThroughServer);
    }
  }

  #onRefusal(node: SimNode, id: NodeId, attempt: number): void {
    if (node.dials.get(id)?.attempt !== attempt) return;
    node.dials.delete(id);
    this.#world.command(node, { kind: 'linkFailed', peer: id, isPeerAtFault: false, isRefused: true });
  }

  #onAnswer(node: SimNode, id: NodeId, attempt: number): void {
    const dial = node.dials.get(id);
    const peer = this.#world.nodes.get(id);
    if (dial?.attempt !== attempt || !peer) return;
    const isBroken = !this.#model.canConnect(node.index, peer.index);
    if (isBroken || this.#model.isDialLost(this.#world.rng)) {
      this.#world.at(this.#world.now + ICE_FAILURE_MS, () => this.#failDial(node, id, attempt + 1, false, isBroken));
      node.dials.set(id, { ...dial, attempt: attempt + 1 });
      return;
    }
    const linked = { ...dial, attempt: -1 };
    node.dials.set(id, linked);
    const ready = Math.max(this.#world.now, dial.startedAt + this.#model.setupTime(this.#world.rng));
    this.#world.at(ready, () => this.#finishDial(node, id, linked));
  }

  #failDial(node: SimNode, id: NodeId, attempt: number, isPeerAtFault: boolean, isPairBroken = false): void {
    if (!node.isAlive || node.dials.get(id)?.attempt !== attempt) return;
    node.dials.delete(id);
    this.#world.command(node, { kind: 'linkFailed', peer: id, isPeerAtFault, isPairBroken });
  }

  #finishDial(node: SimNode, id: NodeId, dial: { attempt: number }): void {
    const peer = this.#world.nodes.get(id);
    if (!node.isAlive || node.dials.get(id) !== dial) return;
    node.dials.delete(id);
    if (!peer?.isAlive) {
      this.#world.command(node, { kind: 'linkFailed', peer: id, isPeerAtFault: true });
      return;
    }
    peer.dials.delete(node.contact.id);
    this.#world.connect(node, peer);
  }
}

function isOffer(kind: number): boolean {
  return kind === OFFER || kind === SPARE_OFFER;
}
