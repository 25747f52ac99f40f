import { type Contact, KEY_BYTES, type NodeId, contactFromKeys } from '../../shared/src/ids.ts';
import { type Millis, type Rng, randomBytes, randomUnit, seededRng } from '../../shared/src/machine.ts';
import { ContactCache } from '../src/overlay/contact-cache.ts';
import { Overlay } from '../src/overlay/overlay.ts';
import type { OverlayCommand, OverlayEvent, OverlayInput, OverlayOutput } from '../src/overlay/types.ts';
import { Dials } from './dials.ts';
import { Digest } from './digest.ts';
import { Action, EventQueue } from './event-queue.ts';
import { Introductions } from './introductions.ts';
import { NetworkModel, type NetworkOptions } from './network-model.ts';
import { SentTotals } from './sent-totals.ts';
import { isSigned } from './signing.ts';
import type { OpRequest, ResultListener, SimLink, SimNode } from './sim-node.ts';
import { Delivery, WakeUp } from './world-events.ts';

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

/** After a death without a word, the other side's connection notices this late; the overlay should be earlier. [ms] */
const ICE_DISCONNECT_MS = 30_000;

/** Wall-clock time at virtual time 0. [ms] */
export const EPOCH = 1_700_000_000_000;

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
  readonly #introductions: Introductions;
  readonly #dials: Dials;
  readonly #contacts = new ContactCache(1 << 20);
  #nextIndex = 0;
  /** Effects of the inputs being handled, by how deep they are nested: used again and again. */
  readonly #outs: OverlayOutput[][] = [];
  #depth = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.rng = seededRng(options.seed);
    this.#model = new NetworkModel(options);
    this.#introductions = new Introductions(this);
    this.#dials = new Dials(this, this.#model);
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
    else if (this.isServerUp) this.#introductions.give(node);
    return node;
  }

  command(node: SimNode, command: OverlayCommand): void {
    if (node.isAlive) this.feed(node, { kind: 'command', command });
  }

  /** Starts an operation; `listener` hears its result. */
  operate(node: SimNode, request: OpRequest, listener: ResultListener): void {
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

  /** Opens a link as a node does. `isSpare`: it can do without it. */
  dial(node: SimNode, contact: Contact, isSpare = false): void {
    this.#dials.start(node, contact, isSpare);
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
          this.#dials.onSignal(node, event.from, event.payload, false);
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
    this.#introductions.forget(node);
  }
}

function closeSide(link: SimLink | undefined): void {
  if (link) link.isUp = false;
}
