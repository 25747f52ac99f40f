import type { Contact, NodeId } from '../../shared/src/ids.ts';
import { type Millis, type Rng, randomUnit, seededRng } from '../../shared/src/machine.ts';
import { ContactCache } from '../src/overlay/contact-cache.ts';
import type { OverlayCommand, OverlayEvent, OverlayInput, OverlayOutput } from '../src/overlay/types.ts';
import { Dials } from './dials.ts';
import { Digest } from './digest.ts';
import { Action, EventQueue, type SimEvent } from './event-queue.ts';
import { Links } from './links.ts';
import type { Message, ServerMessage } from './messages.ts';
import { LATENCY_FLOOR_MS, NetworkModel, type NetworkOptions } from './network-model.ts';
import { newContact, newNode } from './new-node.ts';
import { readIndex } from './peer-index.ts';
import { peerSeed, serverSeed, workloadSeed } from './seeds.ts';
import { SentTotals } from './sent-totals.ts';
import { Mailroom } from './shards/mailroom.ts';
import { ALONE, type Shard } from './shards/shard.ts';
import { ServerTraffic } from './server-traffic.ts';
import { isSigned } from './signing.ts';
import type { SimLink } from './sim-link.ts';
import type { OpRequest, ResultListener, SimNode } from './sim-node.ts';
import { WakeUp } from './world-events.ts';

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

/** How long the record of a peer that left is kept. [ms] As long as one that died takes to be noticed. */
const FORGET_MS = 30_000;

/** Wall-clock time at virtual time 0. [ms] */
export const EPOCH = 1_700_000_000_000;

/**
 * A network of shipping overlay machines on a virtual clock. Peers learn of each other as they do in life: a few
 * introductions by the server while it lives, then only what the overlay tells them; links open through signals that
 * the overlay routes (or the server relays to a peer without links) and take seconds.
 *
 * Whatever one peer does to another is a message that arrives LATENCY_FLOOR_MS later or more. So several shards can
 * simulate one network: each has every `count`th peer and runs for that long without the others.
 */
export class World {
  /** The peers of this shard. */
  readonly nodes = new Map<NodeId, SimNode>();
  readonly digest = new Digest();
  readonly rng: Rng;
  readonly shard: Shard;
  now: Millis = 0;
  isServerUp = true;
  /** Hears every event of every peer, for tests. */
  onEvent: ((node: SimNode, event: OverlayEvent) => void) | undefined;
  /** What peers sent that are gone. */
  readonly gone = new SentTotals();
  readonly #options: WorldOptions;
  readonly #queue = new EventQueue();
  readonly #model: NetworkModel;
  readonly #links: Links;
  readonly #dials: Dials;
  readonly #traffic: ServerTraffic;
  readonly #contacts = new ContactCache(1 << 20);
  readonly #mailroom: Mailroom;
  #nextIndex = 0;
  /** Effects of the inputs being handled, by how deep they are nested: used again and again. */
  readonly #outs: OverlayOutput[][] = [];
  #depth = 0;

  constructor(options: WorldOptions, shard: Shard = ALONE) {
    this.#options = options;
    this.shard = shard;
    this.rng = seededRng(workloadSeed(options.seed, shard.index));
    this.#model = new NetworkModel(options);
    this.#links = new Links(this);
    this.#dials = new Dials(this, this.#model);
    this.#traffic = new ServerTraffic(this, this.#dials, seededRng(serverSeed(options.seed)));
    this.#mailroom = new Mailroom(shard, this.#contacts, {
      onFrame: (at, slot, connection, bytes) => this.#links.expect(at, slot, connection, bytes),
      onMessage: (from, at, message) => this.at(at, () => this.#receive(from, message)),
    });
  }

  get alive(): SimNode[] {
    return [...this.nodes.values()].filter(({ isAlive }) => isAlive);
  }

  /** Frames that this shard's peers sent and got. Those between two shards are sent in one and end in another. */
  get frames(): Links['frames'] {
    return this.#links.frames;
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
    this.queue(at, new Action(action));
  }

  queue(at: Millis, event: SimEvent): void {
    this.#queue.push(Math.max(at, this.now), event);
  }

  run(until: Millis): void {
    if (this.shard.count === 1) this.#advance(until);
    else for (const outgoing of this.windows(until)) this.receive(this.shard.exchange(outgoing));
  }

  /**
   * Runs to `until` in windows, after none of which a message of another shard can arrive too late. Before each it gives
   * out what is for the others, and wants to `receive` what they have.
   */
  *windows(until: Millis): Generator<readonly Uint8Array[]> {
    // What was done at the present instant arrives a floor later at the earliest: behind the first window.
    let end = Math.floor(this.now) + LATENCY_FLOOR_MS - 1;
    for (;;) {
      yield this.#mailroom.take();
      this.#advance(Math.min(end, until));
      if (end >= until) return;
      end += LATENCY_FLOOR_MS;
    }
  }

  /** Takes in what other shards gave out for this one. */
  receive(incoming: readonly Uint8Array[]): void {
    this.#mailroom.receive(incoming);
  }

  /** What each shard gives, in their order: to be called by all of them at the same place of their program. */
  gather<T>(value: T): T[] {
    return this.#mailroom.gather(value);
  }

  /** The sum of what each shard gives; as `gather`. */
  sum(value: number): number {
    return this.gather(value).reduce((sum, each) => sum + each, 0);
  }

  /** Of a workload that all shards do together, each does what falls to it. */
  isOurs(index: number): boolean {
    return index % this.shard.count === this.shard.index;
  }

  /** The next peer appears if it is one of ours; another shard has it otherwise. */
  spawnNext(): SimNode | undefined {
    if (this.isOurs(this.#nextIndex)) return this.spawn();
    this.#nextIndex++;
    return undefined;
  }

  /** A new peer appears and asks the server for introductions; `introductions` are given instead of the server's, `keys` instead of random ones. */
  spawn(introductions?: readonly Contact[], keys?: Contact): SimNode {
    const index = this.#nextIndex++;
    const rng = seededRng(peerSeed(this.#options.seed, index));
    const contact = keys ?? newContact(rng, index);
    const { linkTarget, linkHard } = this.#options;
    const node = newNode(index, this.now, { self: contact, rng, linkTarget, linkHard, contacts: this.#contacts });
    this.nodes.set(contact.id, node);
    this.feed(node, { kind: 'command', command: { kind: 'wallClock', wallNow: EPOCH + this.now } });
    this.#traffic.hello(node, !introductions && this.isServerUp);
    if (introductions) this.command(node, { kind: 'introduce', contacts: introductions });
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

  /** A link opens between two peers of this shard at once, whoever brought it about. */
  connect(node: SimNode, peer: SimNode): void {
    this.#links.connect(node, peer);
  }

  /** Opens a link as a node does. `isSpare`: it can do without it. */
  dial(node: SimNode, contact: Contact, isSpare = false): void {
    this.#dials.start(node, contact, isSpare);
  }

  /** Asks `peer` for a raw connection, once its dial is that far. */
  openLink(node: SimNode, peer: Contact): SimLink {
    return this.#links.open(node, peer);
  }

  /** The tab is closed without a word. Its server socket closes; its links just fall silent. */
  kill(node: SimNode): void {
    this.#bury(node);
    this.#links.abandon(node);
  }

  /** The peer says BYE and goes. */
  leave(node: SimNode): void {
    this.command(node, { kind: 'leave' });
    for (const link of node.links.values()) this.#links.close(link);
    this.#bury(node);
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

  latency(a: number, b: number): Millis {
    return Math.max(LATENCY_FLOOR_MS, Math.ceil(this.#model.latency(a, b)));
  }

  indexOf(contact: Contact): number {
    return this.nodes.get(contact.id)?.index ?? readIndex(contact);
  }

  remoteShardOf(contact: Contact): number | undefined {
    const { index, count } = this.shard;
    const shard = count === 1 ? index : readIndex(contact) % count;
    return shard === index ? undefined : shard;
  }

  post(shard: number, at: Millis, message: Message): void {
    this.#mailroom.message(shard, at, message);
  }

  postFrame(shard: number, at: Millis, to: NonNullable<SimLink['remote']>, bytes: Uint8Array): void {
    this.#mailroom.frame(shard, at, to, bytes);
  }

  tellServer(message: ServerMessage): void {
    this.#traffic.tellServer(message);
  }

  #advance(until: Millis): void {
    for (let event = this.#queue.pop(until); event; event = this.#queue.pop(until)) {
      this.now = this.#queue.now;
      event.run();
    }
    this.now = until;
  }

  /** A message of another shard arrives. */
  #receive(shard: number, message: Message): void {
    switch (message.kind) {
      case 'open':
      case 'opened':
      case 'unopened':
      case 'close':
        return this.#links.receive(shard, message);
      default:
        return this.#traffic.receive(message);
    }
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
      case 'send': {
        const { frameLoss } = this.#options;
        return this.#links.send(node, output.to, output.bytes, frameLoss > 0 && randomUnit(node.rng) < frameLoss);
      }
      case 'openLink':
        return this.dial(node, output.contact, output.isSpare);
      case 'closeLink': {
        const link = node.links.get(output.peer);
        if (link) this.#links.close(link);
        return;
      }
      case 'run':
        this.at(this.now, () =>
          this.feed(node, { kind: 'effectDone', effect: output.effect, isValid: isSigned(output.verify) }),
        );
        return;
      case 'emit':
        return this.#onEvent(node, output.event);
    }
  }

  #onEvent(node: SimNode, event: OverlayEvent): void {
    this.onEvent?.(node, event);
    if (event.kind === 'joined') node.joinedAt ??= this.now;
    else if (event.kind === 'message' && event.protocol === 'signal') this.#dials.onRouted(node, event);
    else if (event.kind === 'result') {
      const listener = node.listeners.get(event.op);
      node.listeners.delete(event.op);
      listener?.(event.result);
    }
  }

  #bury(node: SimNode): void {
    node.isAlive = false;
    this.gone.add(node.overlay.counters);
    this.tellServer({ kind: 'goodbye', from: node.contact });
    this.at(this.now + FORGET_MS, () => this.nodes.delete(node.contact.id));
  }
}
