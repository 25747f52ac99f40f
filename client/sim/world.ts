import { Reader, Writer } from '../../shared/src/bytes.ts';
import { type Contact, KEY_BYTES, type NodeId, contactFromKeys } from '../../shared/src/ids.ts';
import {
  type Millis,
  type Rng,
  randomBelow,
  randomBytes,
  randomUnit,
  seededRng,
  shuffle,
} from '../../shared/src/machine.ts';
import { compareDistance } from '../../shared/src/xor.ts';
import { ContactCache } from '../src/overlay/contact-cache.ts';
import { Overlay } from '../src/overlay/overlay.ts';
import type { OverlayCommand, OverlayEvent, OverlayInput, OverlayOutput, OverlayResult } from '../src/overlay/types.ts';
import { Digest } from './digest.ts';
import { Action, EventQueue, SimEvent } from './event-queue.ts';
import { NetworkModel, type NetworkOptions, SERVER_LATENCY_MS } from './network-model.ts';
import { SentTotals } from './sent-totals.ts';
import { isSigned } from './signing.ts';
import type { SimLink, SimNode } from './sim-node.ts';

/** How a world is set up. */
export interface WorldOptions extends Omit<NetworkOptions, 'seed'> {
  readonly seed: number;
  readonly linkTarget: number;
  readonly linkHard: number;
  /** Share of frames that vanish, as if the receiver's loop had lost them. [0..1] Links themselves are reliable. */
  readonly frameLoss: number;
}

export const DEFAULT_WORLD: Omit<WorldOptions, 'seed'> = {
  frameLoss: 0,
  latencyMs: 68,
  brokenPairs: 0,
  dialLoss: 0,
  linkTarget: 40,
  linkHard: 64,
};

/** A command that ends in a result, before it has an operation number. */
type OpCommand = Extract<OverlayCommand, { op: number }>;
export type OpRequest = OpCommand extends infer C ? (C extends OpCommand ? Omit<C, 'op'> : never) : never;

/** Introductions that the server gives. [peers] */
const INTRODUCTIONS = 5;

/** How often a peer without any link asks the server for other introductions, as `runtime/network.ts` does. [ms] */
const LONELY_RETRY_MS = 3_000;

/** A dial whose signals stay unanswered fails after this. [ms] */
const DIAL_TIMEOUT_MS = 10_000;

/** When ICE gives a pair up that cannot connect. [ms] */
const ICE_FAILURE_MS = 15_000;

/** After a death without a word, the other side's connection notices this late; the overlay should be earlier. [ms] */
const ICE_DISCONNECT_MS = 30_000;

/** Wall-clock time at virtual time 0. [ms] */
export const EPOCH = 1_700_000_000_000;

/** Signals of a simulated dial. */
const OFFER = 1;
const ANSWER = 2;
const REFUSAL = 3;
const SPARE_OFFER = 4;

/** A share of 100,000 peers' messages is a lot: the frame, not a closure, is the event. */
class Delivery extends SimEvent {
  readonly #world: World;
  readonly #link: SimLink;
  readonly #bytes: Uint8Array;

  /** `link` is the sender's. */
  constructor(world: World, link: SimLink, bytes: Uint8Array) {
    super();
    this.#world = world;
    this.#link = link;
    this.#bytes = bytes;
  }

  run(): void {
    this.#world.deliver(this.#link, this.#bytes);
  }
}

class WakeUp extends SimEvent {
  readonly #world: World;
  readonly #node: SimNode;
  readonly #at: Millis;

  constructor(world: World, node: SimNode, at: Millis) {
    super();
    this.#world = world;
    this.#node = node;
    this.#at = at;
  }

  run(): void {
    if (this.#node.isAlive && this.#node.wakeAt === this.#at) this.#world.wake(this.#node);
  }
}

/**
 * A network of shipping overlay machines on a virtual clock. Peers learn of each other as they do in life: a few
 * introductions by the server while it lives, then only what the overlay tells them; links open through signals that
 * the overlay routes (or the server relays to a peer without links) and take seconds.
 */
export class World {
  readonly nodes = new Map<NodeId, SimNode>();
  readonly digest = new Digest();
  readonly rng: Rng;
  now: Millis = 0;
  isServerUp = true;
  /** Hears every event of every peer, for tests. */
  onEvent: ((node: SimNode, event: OverlayEvent) => void) | undefined;
  /** What peers sent that are gone. */
  readonly gone = new SentTotals();
  /** Message conservation: every frame sent is delivered, lost with its link, or still under way. */
  readonly frames = { sent: 0, delivered: 0, lost: 0 };
  handleMs = 0;
  readonly #options: WorldOptions;
  readonly #queue = new EventQueue();
  readonly #model: NetworkModel;
  readonly #contacts = new ContactCache(1 << 20);
  /** Living peers in the server's list. */
  readonly #registered: SimNode[] = [];
  #nextIndex = 0;
  /** Effects of the inputs being handled, by how deep they are nested: used again and again. */
  readonly #outs: OverlayOutput[][] = [];
  #depth = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.rng = seededRng(options.seed);
    this.#model = new NetworkModel(options);
  }

  get alive(): SimNode[] {
    return [...this.nodes.values()].filter(({ isAlive }) => isAlive);
  }

  get framesUnderWay(): number {
    return this.frames.sent - this.frames.delivered - this.frames.lost;
  }

  /** Wall-clock time now. [ms since the epoch] */
  get wallNow(): number {
    return EPOCH + this.now;
  }

  /** Runs `action` at `at`. */
  at(at: Millis, action: () => void): void {
    this.#queue.push(Math.max(at, this.now), new Action(action));
  }

  run(until: Millis): void {
    for (let event = this.#queue.pop(until); event; event = this.#queue.pop(until)) {
      this.now = this.#queue.now;
      event.run();
    }
    this.now = until;
  }

  /** A new peer appears and asks the server for introductions; `introductions` are given instead of the server's, `keys` instead of random ones. */
  spawn(introductions?: readonly Contact[], keys?: Contact): SimNode {
    const seed = this.rng.nextUint32();
    const rng = seededRng(seed);
    const contact = keys ?? contactFromKeys(randomBytes(rng, KEY_BYTES), randomBytes(rng, KEY_BYTES));
    const { linkTarget, linkHard } = this.#options;
    const node: SimNode = {
      index: this.#nextIndex++,
      contact,
      overlay: new Overlay({ self: contact, rng, linkTarget, linkHard, contacts: this.#contacts }),
      rng,
      isAlive: true,
      bornAt: this.now,
      joinedAt: undefined,
      links: new Map(),
      dials: new Map(),
      listeners: new Map(),
      nextOp: 1,
      registeredAt: -1,
      wakeAt: Number.POSITIVE_INFINITY,
    };
    this.nodes.set(contact.id, node);
    this.feed(node, { kind: 'command', command: { kind: 'wallClock', wallNow: EPOCH + this.now } });
    if (introductions) this.command(node, { kind: 'introduce', contacts: introductions });
    else if (this.isServerUp) this.introduce(node);
    return node;
  }

  /** The server's introductions: random living peers and the closest of a sample, at most five. */
  introduce(node: SimNode): void {
    const pool = shuffle(this.rng, sampleOf(this.#registered, 20, this.rng)).filter(
      (peer) => peer.isAlive && peer !== node,
    );
    const random = pool.slice(0, 3);
    const near = pool.slice(3).sort((a, b) => compareDistance(node.contact.id, a.contact.id, b.contact.id));
    const contacts: Contact[] = [...random, ...near.slice(0, INTRODUCTIONS - random.length)].map(
      ({ contact }) => contact,
    );
    node.registeredAt = this.#registered.push(node) - 1;
    this.at(this.now + 2 * SERVER_LATENCY_MS, () => this.command(node, { kind: 'introduce', contacts }));
    this.at(this.now + LONELY_RETRY_MS, () => this.#introduceAgain(node));
  }

  /** A peer without any link asks for others: those it was told of may be gone, or not connectable for it. */
  #introduceAgain(node: SimNode): void {
    if (!node.isAlive || node.links.size > 0 || !this.isServerUp) return;
    const contacts = sampleOf(this.#registered, INTRODUCTIONS + 1, this.rng).filter((peer) => peer !== node);
    this.command(node, { kind: 'introduce', contacts: contacts.map(({ contact }) => contact) });
    this.at(this.now + LONELY_RETRY_MS, () => this.#introduceAgain(node));
  }

  command(node: SimNode, command: OverlayCommand): void {
    if (node.isAlive) this.feed(node, { kind: 'command', command });
  }

  /** Starts an operation; `listener` hears its result. */
  operate(node: SimNode, request: OpRequest, listener: (result: OverlayResult) => void): void {
    const op = node.nextOp++;
    node.listeners.set(op, listener);
    // Quicker than a spread, which makes objects of ever new shapes.
    this.command(node, Object.assign({ op }, request));
  }

  /** A link opens between two peers, whoever brought it about. */
  connect(node: SimNode, peer: SimNode): void {
    const latencyMs = this.#model.latency(node.index, peer.index);
    const link: SimLink = { peer, latencyMs, isUp: true, reverse: undefined as unknown as SimLink };
    link.reverse = { peer: node, latencyMs, isUp: true, reverse: link };
    closeSide(node.links.get(peer.contact.id));
    closeSide(peer.links.get(node.contact.id));
    node.links.set(peer.contact.id, link);
    peer.links.set(node.contact.id, link.reverse);
    this.digest.add(node.index * 31 + peer.index);
    this.feed(node, { kind: 'linkUp', peer: peer.contact, isOutbound: true });
    this.feed(peer, { kind: 'linkUp', peer: node.contact, isOutbound: false });
  }

  /** The tab is closed without a word. Its server socket closes; its links just fall silent. */
  kill(node: SimNode): void {
    this.#bury(node);
    this.at(this.now + ICE_DISCONNECT_MS, () => {
      for (const { peer } of node.links.values()) this.#dropLink(peer, node);
      node.links.clear();
      this.nodes.delete(node.contact.id);
    });
  }

  /** The peer says BYE and goes. */
  leave(node: SimNode): void {
    this.command(node, { kind: 'leave' });
    for (const { peer } of [...node.links.values()]) this.#disconnect(node, peer);
    this.#bury(node);
    this.at(this.now + ICE_DISCONNECT_MS, () => this.nodes.delete(node.contact.id));
  }

  /** `link` is the sender's. */
  deliver({ peer: to, reverse }: SimLink, bytes: Uint8Array): void {
    if (!to.isAlive || !reverse.isUp) {
      this.frames.lost++;
      return;
    }
    const from = reverse.peer;
    this.frames.delivered++;
    this.digest.add(this.now);
    this.digest.add(from.index ^ Math.imul(to.index, 0x9e3779b1));
    this.digest.add(((bytes[1] ?? 0) << 16) | bytes.length);
    this.feed(to, { kind: 'received', from: from.contact.id, bytes });
  }

  feed(node: SimNode, input: OverlayInput): void {
    const out = this.#outs[this.#depth] ?? [];
    this.#outs[this.#depth++] = out;
    (node.behaviour ?? node.overlay).handle(input, this.now, out);
    for (let i = 0; i < out.length; i++) this.#carryOut(node, out[i] as OverlayOutput);
    // Quicker than `out.length = 0`, which gives the array's memory back each time.
    while (out.length > 0) out.pop();
    this.#depth--;
    this.#schedule(node);
  }

  /** The instant for which a wake-up was set has come; its reason may be gone. */
  wake(node: SimNode): void {
    node.wakeAt = Number.POSITIVE_INFINITY;
    const next = node.overlay.nextDeadline();
    if (next && next.at <= this.now) this.feed(node, { kind: 'deadline' });
    else this.#schedule(node);
  }

  #schedule(node: SimNode): void {
    const next = node.overlay.nextDeadline();
    const at = next ? Math.max(next.at, this.now) : Number.POSITIVE_INFINITY;
    if (at >= node.wakeAt && node.wakeAt > this.now) return;
    node.wakeAt = at;
    if (next) this.#queue.push(at, new WakeUp(this, node, at));
  }

  #carryOut(node: SimNode, output: OverlayOutput): void {
    switch (output.kind) {
      case 'send':
        return this.#send(node, output.to, output.bytes);
      case 'openLink':
        return this.dial(node, output.contact, output.isSpare);
      case 'closeLink': {
        const link = node.links.get(output.peer);
        if (link) this.#disconnect(node, link.peer);
        return;
      }
      case 'run':
        this.at(this.now, () =>
          this.feed(node, { kind: 'effectDone', effect: output.effect, isValid: isSigned(output.verify) }),
        );
        return;
      case 'emit': {
        const { event } = output;
        this.onEvent?.(node, event);
        if (event.kind === 'joined') node.joinedAt ??= this.now;
        else if (event.kind === 'message' && event.protocol === 'signal')
          this.#onSignal(node, event.from, event.payload, false);
        else if (event.kind === 'result') {
          const listener = node.listeners.get(event.op);
          node.listeners.delete(event.op);
          listener?.(event.result);
        }
      }
    }
  }

  #send(node: SimNode, to: NodeId, bytes: Uint8Array): void {
    const link = node.links.get(to);
    this.frames.sent++;
    const isLost = this.#options.frameLoss > 0 && randomUnit(this.rng) < this.#options.frameLoss;
    if (link && !isLost) this.#queue.push(this.now + link.latencyMs, new Delivery(this, link, bytes));
    else this.frames.lost++;
  }

  /** Opens a link as a node does: offer and answer as routed messages, or through the server while we have no link. */
  dial(node: SimNode, contact: Contact, isSpare = false): void {
    const attempt = randomBelow(this.rng, 2 ** 31);
    const dial = { attempt, startedAt: this.now };
    node.dials.set(contact.id, dial);
    if (node.links.has(contact.id)) {
      this.at(this.now, () => this.#finishDial(node, contact.id, dial));
      return;
    }
    this.#signal(node, contact, isSpare ? SPARE_OFFER : OFFER, attempt, node.links.size === 0);
    this.at(this.now + DIAL_TIMEOUT_MS, () => this.#failDial(node, contact.id, attempt, false));
  }

  /** An answer goes the way its offer came. */
  #signal(node: SimNode, to: Contact, kind: number, attempt: number, isThroughServer: boolean): void {
    const payload = new Writer(520).u8(kind).u32(attempt).bytes(SIGNAL_PADDING).done();
    if (isThroughServer) {
      const target = this.nodes.get(to.id);
      const isCarried = this.isServerUp && target?.isAlive;
      const after = this.now + 2 * SERVER_LATENCY_MS;
      this.at(after, () => {
        if (target?.isAlive && isCarried) this.#onSignal(target, node.contact, payload, true);
        else if (isOffer(kind)) this.#failDial(node, to.id, attempt, this.isServerUp);
      });
      return;
    }
    this.operate(
      node,
      { kind: 'route', target: to.id, protocol: 'signal', payload, timeoutMs: DIAL_TIMEOUT_MS },
      (result) => {
        if (!isOffer(kind) || result.kind !== 'failed') return;
        this.at(this.now, () => this.#failDial(node, to.id, attempt, result.code === 'unreachable'));
      },
    );
  }

  #onSignal(node: SimNode, from: Contact, payload: Uint8Array, isThroughServer: boolean): void {
    const reader = new Reader(payload);
    const kind = reader.u8();
    const attempt = reader.u32();
    if (kind === ANSWER) this.#onAnswer(node, from.id, attempt);
    else if (kind === REFUSAL) this.#onRefusal(node, from.id, attempt);
    else {
      const isTaken = node.overlay.admits(from, kind === SPARE_OFFER, this.now);
      this.#signal(node, from, isTaken ? ANSWER : REFUSAL, attempt, isThroughServer);
    }
  }

  #onRefusal(node: SimNode, id: NodeId, attempt: number): void {
    if (node.dials.get(id)?.attempt !== attempt) return;
    node.dials.delete(id);
    this.command(node, { kind: 'linkFailed', peer: id, isPeerAtFault: false, isRefused: true });
  }

  #onAnswer(node: SimNode, id: NodeId, attempt: number): void {
    const dial = node.dials.get(id);
    const peer = this.nodes.get(id);
    if (dial?.attempt !== attempt || !peer) return;
    const isBroken = !this.#model.canConnect(node.index, peer.index);
    if (isBroken || this.#model.isDialLost(this.rng)) {
      this.at(this.now + ICE_FAILURE_MS, () => this.#failDial(node, id, attempt + 1, false, isBroken));
      node.dials.set(id, { ...dial, attempt: attempt + 1 });
      return;
    }
    const linked = { ...dial, attempt: -1 };
    node.dials.set(id, linked);
    const ready = Math.max(this.now, dial.startedAt + this.#model.setupTime(this.rng));
    this.at(ready, () => this.#finishDial(node, id, linked));
  }

  #failDial(node: SimNode, id: NodeId, attempt: number, isPeerAtFault: boolean, isPairBroken = false): void {
    if (!node.isAlive || node.dials.get(id)?.attempt !== attempt) return;
    node.dials.delete(id);
    this.command(node, { kind: 'linkFailed', peer: id, isPeerAtFault, isPairBroken });
  }

  #finishDial(node: SimNode, id: NodeId, dial: { attempt: number }): void {
    const peer = this.nodes.get(id);
    if (!node.isAlive || node.dials.get(id) !== dial) return;
    node.dials.delete(id);
    if (!peer?.isAlive) {
      this.command(node, { kind: 'linkFailed', peer: id, isPeerAtFault: true });
      return;
    }
    peer.dials.delete(node.contact.id);
    this.connect(node, peer);
  }

  #disconnect(node: SimNode, peer: SimNode): void {
    // Frames already sent, a BYE among them, still arrive: the close travels behind them.
    const link = node.links.get(peer.contact.id);
    if (!link) return;
    this.at(this.now + link.latencyMs, () => {
      if (node.links.get(peer.contact.id) !== link) return;
      closeSide(link);
      node.links.delete(peer.contact.id);
      if (node.isAlive) this.feed(node, { kind: 'linkDown', peer: peer.contact.id });
      this.#dropLink(peer, node);
    });
  }

  #dropLink(node: SimNode, gone: SimNode): void {
    closeSide(node.links.get(gone.contact.id));
    if (!node.links.delete(gone.contact.id) || !node.isAlive) return;
    this.feed(node, { kind: 'linkDown', peer: gone.contact.id });
  }

  #bury(node: SimNode): void {
    node.isAlive = false;
    this.gone.add(node.overlay.counters);
    const at = node.registeredAt;
    const last = at < 0 ? undefined : this.#registered.pop();
    if (!last) return;
    node.registeredAt = -1;
    if (last === node) return;
    this.#registered[at] = last;
    last.registeredAt = at;
  }
}

function isOffer(kind: number): boolean {
  return kind === OFFER || kind === SPARE_OFFER;
}

function closeSide(link: SimLink | undefined): void {
  if (link) link.isUp = false;
}

/** A signal is about this long beyond its header. [bytes] A sealed session description. */
const SIGNAL_PADDING = new Uint8Array(500);

function sampleOf<T>(items: readonly T[], count: number, rng: Rng): T[] {
  if (items.length <= count) return [...items];
  const chosen = new Set<T>();
  while (chosen.size < count) chosen.add(items[randomBelow(rng, items.length)] as T);
  return [...chosen];
}
