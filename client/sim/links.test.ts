import { beforeEach, describe, expect, test } from 'vitest';
import { type Contact, type NodeId, contactFromKey } from '../../shared/src/ids.ts';
import { type Millis, seededRng } from '../../shared/src/machine.ts';
import type { OverlayCommand, OverlayInput } from '../src/overlay/types.ts';
import { Digest } from './digest.ts';
import { Action, EventQueue, type SimEvent } from './event-queue.ts';
import { ICE_DISCONNECT_MS, type LinkWorld, Links } from './links.ts';
import type { Message } from './messages.ts';
import { newNode } from './new-node.ts';
import { readIndex, writeIndex } from './peer-index.ts';
import type { LinkEnd, SimLink } from './sim-link.ts';
import type { SimNode } from './sim-node.ts';

/** One way between any two peers. [ms] */
const LATENCY = 20;

/** Peers whose machines are not asked: what they would be told is written down. */
class Bench implements LinkWorld {
  readonly nodes = new Map<NodeId, SimNode>();
  readonly digest = new Digest();
  readonly links = new Links(this);
  readonly told: string[] = [];
  now = 0;
  readonly #shard: number;
  readonly #shards: readonly Bench[];
  readonly #queue = new EventQueue();

  constructor(shard: number, shards: readonly Bench[]) {
    this.#shard = shard;
    this.#shards = shards;
  }

  latency(): Millis {
    return LATENCY;
  }

  indexOf(contact: Contact): number {
    return readIndex(contact);
  }

  remoteShardOf(contact: Contact): number | undefined {
    const shard = readIndex(contact) % this.#shards.length;
    return shard === this.#shard ? undefined : shard;
  }

  at(at: Millis, action: () => void): void {
    this.queue(at, new Action(action));
  }

  queue(at: Millis, event: SimEvent): void {
    this.#queue.push(at, event);
  }

  post(shard: number, at: Millis, message: Message): void {
    const other = this.#shards[shard];
    if (message.kind === 'open' || message.kind === 'opened' || message.kind === 'unopened' || message.kind === 'close')
      other?.at(at, () => other.links.receive(this.#shard, message));
  }

  postFrame(shard: number, at: Millis, { slot, connection }: LinkEnd, bytes: Uint8Array): void {
    this.#shards[shard]?.links.expect(at, slot, connection, bytes);
  }

  feed(node: SimNode, input: OverlayInput): void {
    this.told.push(`${this.now} ${node.index} ${input.kind}`);
  }

  command(node: SimNode, command: OverlayCommand): void {
    if (node.isAlive) this.told.push(`${this.now} ${node.index} ${command.kind}`);
  }

  runTo(until: Millis): void {
    for (let event = this.#queue.pop(until); event; event = this.#queue.pop(until)) {
      this.now = this.#queue.now;
      event.run();
    }
    this.now = until;
  }

  spawn(index: number): SimNode {
    const publicKey = new Uint8Array(32);
    writeIndex(publicKey, index);
    const contact = contactFromKey(publicKey);
    const node = newNode(index, 0, { self: contact, rng: seededRng(index) });
    this.nodes.set(contact.id, node);
    return node;
  }
}

describe.each([1, 2])('between two peers in %i shards', (count) => {
  let benches: Bench[] = [];
  let low: SimNode;
  let high: SimNode;
  const benchOf = ({ index }: SimNode): Bench => benches[index % count] as Bench;

  beforeEach(() => {
    benches = [];
    for (let shard = 0; shard < count; shard++) benches.push(new Bench(shard, benches));
    // All see the same list, which is complete now.
    low = (benches[0] as Bench).spawn(4);
    high = (benches[5 % count] as Bench).spawn(5);
  });

  /** Lets all shards run, step by step: what one sends another is there in time. */
  function run(ms: Millis): void {
    const until = (benches[0] as Bench).now + ms;
    for (let now = (benches[0] as Bench).now + 1; now <= until; now++) for (const bench of benches) bench.runTo(now);
  }

  function open(node: SimNode, peer: SimNode): SimLink {
    const link = benchOf(node).links.open(node, peer.contact);
    node.dials.set(peer.contact.id, { attempt: -1, startedAt: 0, link });
    return link;
  }

  const send = (node: SimNode, peer: SimNode): void =>
    benchOf(node).links.send(node, peer.contact.id, new Uint8Array([1, 2]), false);

  const close = (node: SimNode, peer: SimNode): void =>
    benchOf(node).links.close(node.links.get(peer.contact.id) as SimLink);

  /** What peers were told, in the order of time and index. */
  const told = (): string[] =>
    benches.flatMap((bench) => bench.told).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));

  const frames = (): Links['frames'] => {
    const sum = { sent: 0, delivered: 0, lost: 0 };
    for (const { links } of benches) {
      sum.sent += links.frames.sent;
      sum.delivered += links.frames.delivered;
      sum.lost += links.frames.lost;
    }
    return sum;
  };

  /** True when each side is up and names the other. */
  function areJoined(): boolean {
    const [ours, theirs] = [low.links.get(high.contact.id), high.links.get(low.contact.id)];
    if (!ours?.isUp || !theirs?.isUp) return false;
    if (count === 1) return ours.far === theirs && theirs.far === ours;
    return ours.remote?.connection === theirs.end?.connection && theirs.remote?.connection === ours.end?.connection;
  }

  test('a link opens at the callee after the latency, at the caller after another', () => {
    open(low, high);
    run(100);
    expect(told()).toEqual(['20 5 linkUp', '40 4 linkUp']);
    expect(areJoined()).toBe(true);
    expect(low.dials.size).toBe(0);
  });

  test('frames that the callee sends at once arrive, behind the news that the link is open', () => {
    open(low, high);
    run(20);
    send(high, low);
    run(20);
    expect(told()).toEqual(['20 5 linkUp', '40 4 linkUp', '40 4 received']);
  });

  test('of two opens that cross, the one of the lower index stands: each side hears of one link', () => {
    open(high, low);
    run(5);
    open(low, high);
    run(100);
    expect(told()).toEqual(['25 5 linkUp', '45 4 linkUp']);
    expect(areJoined()).toBe(true);
    expect([low.dials.size, high.dials.size]).toEqual([0, 0]);
    send(low, high);
    send(high, low);
    run(20);
    expect(frames()).toEqual({ sent: 2, delivered: 2, lost: 0 });
  });

  test('whoever takes a link up gives up a dial of its own that has asked for none yet', () => {
    high.dials.set(low.contact.id, { attempt: 7, startedAt: 0, link: undefined });
    open(low, high);
    run(100);
    expect(high.dials.size).toBe(0);
    expect(areJoined()).toBe(true);
  });

  test('a peer that is dead takes nothing up: the caller is told that it is at fault, a latency later', () => {
    high.isAlive = false;
    open(low, high);
    run(100);
    expect(told()).toEqual(['40 4 linkFailed']);
    expect([low.links.size, low.dials.size]).toEqual([0, 0]);
  });

  test('so does one of whom nobody knows', () => {
    benchOf(high).nodes.clear();
    open(low, high);
    run(100);
    expect(told()).toEqual(['40 4 linkFailed']);
  });

  test('a caller that died meanwhile leaves the callee with a link that falls silent and ends late', () => {
    open(low, high);
    run(30);
    low.isAlive = false;
    run(ICE_DISCONNECT_MS + 100);
    expect(told()).toEqual(['20 5 linkUp', `${ICE_DISCONNECT_MS + 40} 5 linkDown`]);
    expect(high.links.size).toBe(0);
  });

  test('a close travels behind the frames that were sent before it, and both sides are told', () => {
    open(low, high);
    run(40);
    send(low, high);
    close(low, high);
    run(40);
    const toldTo = ({ index }: SimNode): string[] => told().filter((line) => line.split(' ')[1] === String(index));
    expect(toldTo(high)).toEqual(['20 5 linkUp', '60 5 received', '60 5 linkDown']);
    expect(toldTo(low)).toEqual(['40 4 linkUp', '60 4 linkDown']);
    expect([low.links.size, high.links.size]).toEqual([0, 0]);
  });

  test('frames of a connection that is over are lost, although the two have a new one', () => {
    open(low, high);
    run(40);
    const former = high.links.get(low.contact.id) as SimLink;
    close(low, high);
    run(19);
    send(high, low);
    run(1);
    open(low, high);
    run(60);
    expect(areJoined()).toBe(true);
    expect(high.links.get(low.contact.id)).not.toBe(former);
    expect(frames()).toEqual({ sent: 1, delivered: 0, lost: 1 });
    expect(told().filter((line) => line.endsWith('received'))).toEqual([]);
  });

  test('when both close at once each is told once', () => {
    open(low, high);
    run(40);
    close(low, high);
    close(high, low);
    run(100);
    expect(told().filter((line) => line.endsWith('linkDown'))).toHaveLength(2);
  });

  test('the links of a peer that falls silent end on the other sides only, and late', () => {
    open(low, high);
    run(40);
    low.isAlive = false;
    benchOf(low).links.abandon(low);
    run(ICE_DISCONNECT_MS);
    send(high, low);
    expect(high.links.size).toBe(1);
    run(20);
    expect(told().slice(2)).toEqual([`${ICE_DISCONNECT_MS + 60} 5 linkDown`]);
    expect(frames()).toEqual({ sent: 1, delivered: 0, lost: 1 });
  });
});
