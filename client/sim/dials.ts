import { Reader, Writer } from '../../shared/src/bytes.ts';
import type { Contact, NodeId } from '../../shared/src/ids.ts';
import { type Millis, randomBelow } from '../../shared/src/machine.ts';
import type { DeliveryId, OverlayCommand, OverlayEvent, OverlayInput } from '../src/overlay/types.ts';
import type { ServerMessage } from './messages.ts';
import type { NetworkModel } from './network-model.ts';
import type { SimLink } from './sim-link.ts';
import type { Dial, OpRequest, ResultListener, SimNode } from './sim-node.ts';

/** A dial whose signals stay unanswered fails after this. [ms] */
const DIAL_TIMEOUT_MS = 10_000;

/** When ICE gives a pair up that cannot connect. [ms] */
const ICE_FAILURE_MS = 15_000;

/** Signals of a simulated dial. */
const OFFER = 1;
const ANSWER = 2;
const REFUSAL = 3;
const SPARE_OFFER = 4;

/**
 * An offer and an answer are this long beyond their five bytes here. [bytes] Sealed and packed, one of Chromium with two
 * hidden host candidates and a reflexive one is 310 bytes (client/src/runtime/links/packed-description.test.ts).
 */
const SIGNAL_PADDING = new Uint8Array(305);

/** The same for a refusal: mail with ten bytes in it. */
const REFUSAL_PADDING = new Uint8Array(178);

/** A message that the overlay brought; a signal without one came through the server. */
type RoutedMessage = Extract<OverlayEvent, { kind: 'message' }>;

/** What dials need of their world. */
export interface DialWorld {
  readonly now: Millis;
  latency(a: number, b: number): Millis;
  indexOf(contact: Contact): number;
  at(at: Millis, action: () => void): void;
  feed(node: SimNode, input: OverlayInput): void;
  command(node: SimNode, command: OverlayCommand): void;
  operate(node: SimNode, request: OpRequest, listener: ResultListener): void;
  /** Sends a message to the server. */
  tellServer(message: ServerMessage): void;
  openLink(node: SimNode, peer: Contact): SimLink;
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
    const { now } = this.#world;
    const attempt = randomBelow(node.rng, 2 ** 31);
    const dial: Dial = { attempt, startedAt: now, link: undefined };
    node.dials.set(contact.id, dial);
    if (node.links.has(contact.id)) {
      this.#world.at(now, () => this.#findLinked(node, contact, dial));
      return;
    }
    this.#signal(node, contact, { signal: isSpare ? SPARE_OFFER : OFFER, attempt }, node.links.size === 0);
    this.#world.at(now + DIAL_TIMEOUT_MS, () => this.fail(node, contact.id, attempt, false));
  }

  /** An answer goes the way its offer came. */
  #signal(
    node: SimNode,
    to: Contact,
    { signal, attempt }: { readonly signal: number; readonly attempt: number },
    isThroughServer: boolean,
    inAnswerTo?: DeliveryId,
  ): void {
    if (isThroughServer) {
      this.#world.tellServer({ kind: 'relay', from: node.contact, to, signal, attempt });
      return;
    }
    const padding = signal === REFUSAL ? REFUSAL_PADDING : SIGNAL_PADDING;
    const payload = new Writer(350).u8(signal).u32(attempt).bytes(padding).done();
    this.#world.operate(
      node,
      { kind: 'route', target: to.id, protocol: 'signal', payload, timeoutMs: DIAL_TIMEOUT_MS, inAnswerTo },
      (result) => {
        if (!isOffer(signal) || result.kind !== 'failed') return;
        this.#world.at(this.#world.now, () => this.fail(node, to.id, attempt, result.code === 'unreachable'));
      },
    );
  }

  /** A routed message that is a signal came to `node`. */
  onRouted(node: SimNode, message: RoutedMessage): void {
    const reader = new Reader(message.payload);
    this.#onSignal(node, message.from, { signal: reader.u8(), attempt: reader.u32() }, message);
  }

  /** A signal came to `node` through the server. */
  onRelayed(node: SimNode, from: Contact, signal: number, attempt: number): void {
    this.#onSignal(node, from, { signal, attempt }, undefined);
  }

  #onSignal(
    node: SimNode,
    from: Contact,
    { signal, attempt }: { readonly signal: number; readonly attempt: number },
    message: RoutedMessage | undefined,
  ): void {
    if (signal === ANSWER) this.#onAnswer(node, from, attempt);
    else if (signal === REFUSAL) this.#onRefusal(node, from.id, attempt);
    else if (isOffer(signal)) {
      const isTaken = node.overlay.admits(from, signal === SPARE_OFFER, this.#world.now, message?.over);
      const answer = { signal: isTaken ? ANSWER : REFUSAL, attempt };
      this.#signal(node, from, answer, message === undefined, message?.delivery);
    }
  }

  /** A dial of `node` failed, unless another one has taken its place. */
  fail(node: SimNode, id: NodeId, attempt: number, isPeerAtFault: boolean, isPairBroken = false): void {
    if (!node.isAlive || node.dials.get(id)?.attempt !== attempt) return;
    node.dials.delete(id);
    this.#world.command(node, { kind: 'linkFailed', peer: id, isPeerAtFault, isPairBroken });
  }

  #onRefusal(node: SimNode, id: NodeId, attempt: number): void {
    if (node.dials.get(id)?.attempt !== attempt) return;
    node.dials.delete(id);
    this.#world.command(node, { kind: 'linkFailed', peer: id, isPeerAtFault: false, isRefused: true });
  }

  #onAnswer(node: SimNode, peer: Contact, attempt: number): void {
    const { now } = this.#world;
    const dial = node.dials.get(peer.id);
    if (dial?.attempt !== attempt) return;
    const index = this.#world.indexOf(peer);
    const isBroken = !this.#model.canConnect(node.index, index);
    if (isBroken || this.#model.isDialLost(node.rng)) {
      this.#world.at(now + ICE_FAILURE_MS, () => this.fail(node, peer.id, attempt + 1, false, isBroken));
      node.dials.set(peer.id, { ...dial, attempt: attempt + 1 });
      return;
    }
    const answered: Dial = { ...dial, attempt: -1 };
    node.dials.set(peer.id, answered);
    const ready = dial.startedAt + this.#model.setupTime(node.rng);
    // The peer has the open link when it is ready; what tells it so takes the pair's latency.
    const openAt = Math.max(now, ready - this.#world.latency(node.index, index));
    this.#world.at(openAt, () => this.#open(node, peer, answered));
  }

  #open(node: SimNode, peer: Contact, dial: Dial): void {
    if (!node.isAlive || node.dials.get(peer.id) !== dial) return;
    dial.link = this.#world.openLink(node, peer);
  }

  /** A link was asked for that is up. */
  #findLinked(node: SimNode, peer: Contact, dial: Dial): void {
    if (!node.isAlive || node.dials.get(peer.id) !== dial) return;
    node.dials.delete(peer.id);
    if (node.links.has(peer.id)) this.#world.feed(node, { kind: 'linkUp', peer, isOutbound: true });
    else this.#world.command(node, { kind: 'linkFailed', peer: peer.id, isPeerAtFault: false });
  }
}

/** True for a signal that asks for a link. */
export function isOffer(signal: number): boolean {
  return signal === OFFER || signal === SPARE_OFFER;
}
