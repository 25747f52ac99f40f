import { expect, test } from 'vitest';
import type { Contact, NodeId } from '../../../shared/src/ids.ts';
import {
  MAX_SYNC_SENT,
  SYNC_DELAY_MS,
  SYNC_MIN_MS,
  SYNC_PARTS,
  SYNC_PROVEN_MS,
  SYNC_SPREAD_MS,
  SYNC_URGENT_QUIET_MS,
} from '../../../shared/src/limits/records.ts';
import { seededRng } from '../../../shared/src/machine.ts';
import { AnswerTimes } from './answer-times.ts';
import { ContactCache } from './contact-cache.ts';
import { Core } from './core.ts';
import type { Answer } from './endpoint.ts';
import { Forward } from './forward.ts';
import { Forwarder } from './forwarder.ts';
import type { MessageId } from './frame-fields.ts';
import { FRAME } from './link-frames.ts';
import { Neighbourhood } from './neighbourhood.ts';
import { ProviderStore } from './provider-store.ts';
import { RecordStore } from './record-store.ts';
import { WALL, keyAt, person, recordOf } from './record-test-kit.ts';
import { ROUTE_KIND, decodeRoute } from './route-frame.ts';
import { RoutingTable } from './routing-table.ts';
import { type ReplyStatus, encodeReply } from './reply-frame.ts';
import { digestOf } from './sync-digest.ts';
import { type Item, decodeSync, encodeSync } from './sync-payloads.ts';
import { Sync } from './sync.ts';
import type { OverlayOutput } from './types.ts';

const item = (end: string, version = 1): Item => ({ kind: 'record', key: keyAt(`a${end.padStart(39, '0')}`), version });
const changed = (a: readonly number[], b: readonly number[]): number[] =>
  a.flatMap((hash, part) => (hash === b[part] ? [] : [part]));

test('a digest depends on what is held, not on the order in which it came', () => {
  const items = [item('1'), item('21'), item('3')];
  expect(digestOf(items, 7)).toEqual(digestOf([...items].reverse(), 7));
  expect(digestOf(items, 7)).toHaveLength(SYNC_PARTS);
});

test('one version, one key or one kind changes exactly the part of its key', () => {
  const before = digestOf([item('1'), item('f')], 7);
  expect(changed(before, digestOf([item('1', 2), item('f')], 7))).toEqual([1]);
  expect(changed(before, digestOf([item('1'), item('f'), item('2f')], 7))).toEqual([15]);
  expect(changed(before, digestOf([{ ...item('1'), kind: 'providers' }, item('f')], 7))).toEqual([1]);
});

test('two exchanges hash the same items differently, so that nobody can prepare keys that cancel out', () => {
  expect(changed(digestOf([item('1')], 7), digestOf([item('1')], 8))).toEqual([1]);
});

/** A holder of one record with three links and a contact, whose digests nobody answers. */
class Holder {
  readonly core = new Core(person(50), seededRng(3), new ContactCache());
  readonly table = new RoutingTable(this.core.self.id, 10);
  readonly sync: Sync;
  readonly records = new RecordStore(this.core.self.id, () => true);
  readonly providers = new ProviderStore(this.core.self.id, () => true);
  /** Whether those asked answer, and with what. */
  answer: ReplyStatus | undefined;
  readonly #forwarder = new Forwarder(this.core, this.table);
  readonly #out: OverlayOutput[] = [];

  constructor() {
    const routing = {
      core: this.core,
      table: this.table,
      forwarder: this.#forwarder,
      answerTimes: new AnswerTimes(),
    };
    this.records.put(recordOf(), WALL);
    this.core.out = this.#out;
    this.core.wallOffset = WALL;
    this.sync = new Sync(routing, new Neighbourhood(this.core, this.table), this.records, this.providers);
    for (const index of [51, 52, 53]) this.table.linkUp(person(index), 0);
  }

  /** A message of `peer`, over its link or that of `from`. */
  consume(peer: Contact, payload: Uint8Array, from = peer.id): Answer | undefined {
    const id = String.fromCharCode(1, 2, 3, 4);
    const fields = { id, hops: 1, flags: 0, lifetimeMs: 5_000, kind: ROUTE_KIND.sync, detours: 0, via: [] };
    const frame = { ...fields, target: this.core.self.id, origin: peer, payload };
    return this.sync.consume(new Forward(frame, payload, from, undefined, [], this.core.now), payload);
  }

  /** What left since. */
  routes(): { readonly kind: number; readonly target: NodeId }[] {
    return this.#out.splice(0).flatMap((output) => {
      const isRoute = output.kind === 'send' && output.bytes[1] === FRAME.route;
      const frame = isRoute ? decodeRoute(output.bytes, this.core.contacts) : undefined;
      if (frame && output.kind === 'send') this.#reply(output.to, frame.id);
      return frame ? [{ kind: frame.kind, target: frame.target }] : [];
    });
  }

  #reply(from: NodeId, id: MessageId): void {
    if (!this.answer) return;
    const fields = { hops: 1, payload: new Uint8Array(0), closest: [], trail: [] };
    this.#forwarder.onReply(from, encodeReply({ ...fields, id, status: this.answer }));
  }

  /**
   * Ticks every second up to `until`; every `changeMs` a newcomer is heard of, and a new record comes with it when
   * `isNewShared`. When digests left, by partner.
   */
  digests(until: number, changeMs = Number.POSITIVE_INFINITY, isNewShared = false): Map<NodeId, number[]> {
    const times = new Map<NodeId, number[]>();
    for (; this.core.now < until; this.core.now += 1_000) {
      for (const { link } of this.table.linked) if (link) link.lastHeard = this.core.now;
      if (this.core.now % changeMs === 0) {
        this.table.siblingVersion++;
        const key = keyAt(`b${this.core.now.toString().padStart(12, '0')}`);
        if (isNewShared) this.records.put(recordOf({ key, author: person(this.core.now % 200) }), WALL);
      }
      this.sync.tick();
      for (const { kind, target } of this.routes()) {
        if (kind === ROUTE_KIND.sync) times.set(target, [...(times.get(target) ?? []), this.core.now]);
      }
    }
    return times;
  }
}

const pauses = (times: Map<NodeId, number[]>): number[] =>
  [...times.values()].flatMap((each) => each.slice(1).map((at, i) => at - (each[i] ?? 0)));

test('soon after the siblings changed each of them is sent a digest', () => {
  const first = [...new Holder().digests(SYNC_DELAY_MS + SYNC_SPREAD_MS + 1_000).values()].map(([at]) => at ?? 0);
  expect(first).toHaveLength(3);
  expect(Math.min(...first)).toBeGreaterThanOrEqual(SYNC_DELAY_MS);
});

test('however often siblings change, one peer is compared with only so often; without change much more rarely', () => {
  const restless = pauses(new Holder().digests(300_000, 5_000, true));
  const quiet = pauses(new Holder().digests(600_000));
  expect(Math.min(...restless)).toBeGreaterThanOrEqual(SYNC_URGENT_QUIET_MS);
  expect(Math.max(...restless)).toBeLessThan(SYNC_MIN_MS);
  expect(Math.min(...quiet)).toBeGreaterThanOrEqual(SYNC_MIN_MS);
});

test('a peer that had too much to do to compare is asked again soon, one that did compare only when there is news', () => {
  const pausesWith = (answer: ReplyStatus): number[] => {
    const asking = new Holder();
    asking.answer = answer;
    return pauses(asking.digests(300_000, 5_000));
  };
  expect(Math.max(...pausesWith('quota'))).toBeLessThan(SYNC_MIN_MS);
  expect(Math.min(...pausesWith('ok'))).toBeGreaterThanOrEqual(SYNC_MIN_MS);
});

test('siblings that change without a change of what is shared with a peer bring it no digest within the minute', () => {
  const holder = new Holder();
  const answered = (): void => {
    for (const { contact } of holder.table.linked) {
      const digest = { kind: 'digest' as const, salt: 1, hashes: digestOf([], 1) };
      holder.consume(contact, encodeSync(digest));
    }
  };
  holder.core.now = 1_000;
  answered();
  expect(holder.digests(1_000 + SYNC_MIN_MS, 5_000).size).toBe(0);
});

test('a peer of which nobody has heard for 15 s is sent no digest', () => {
  const holder = new Holder();
  holder.table.learn(person(54), 0, 0, undefined);
  holder.core.now = SYNC_PROVEN_MS + 1_000;
  expect([...holder.digests(SYNC_PROVEN_MS + 60_000).keys()].sort()).toEqual(
    [51, 52, 53].map((index) => person(index).id).sort(),
  );
});

test('of what is offered only what is news is asked for', () => {
  const holder = new Holder();
  const offer = (...items: readonly Item[]): unknown => {
    const answer = holder.consume(person(51), encodeSync({ kind: 'offered', items }));
    return answer?.payload.length === 0 ? undefined : decodeSync(answer?.payload ?? new Uint8Array(0));
  };
  const held = recordOf();
  const same: Item = { kind: 'record', key: held.key, version: held.sequence };
  const unknown = item('9');
  expect(offer(same)).toBeUndefined();
  expect(offer(same, unknown)).toEqual({ kind: 'wanted', names: [{ kind: 'record', key: unknown.key }] });
  expect(offer({ ...same, version: held.sequence + 1 })).toEqual({
    kind: 'wanted',
    names: [{ kind: 'record', key: held.key }],
  });
});

/** Wishes for the record that it holds, of a peer that shares it: what leaves. */
function wish(isLinked: boolean): { readonly kind: number; readonly target: NodeId }[] {
  const holder = new Holder();
  const { key } = recordOf();
  const payload = encodeSync({ kind: 'wanted', names: [{ kind: 'record', key }] });
  holder.consume(person(51), payload, isLinked ? person(51).id : person(52).id);
  return holder.routes();
}

test('a wish over the link of whoever has it is granted at once', () => {
  expect(wish(true)).toEqual([{ kind: ROUTE_KIND.store, target: person(51).id }]);
});

test('a wish that says it is of a peer elsewhere brings that peer an offer, not copies: it may be another’s', () => {
  expect(wish(false)).toEqual([{ kind: ROUTE_KIND.sync, target: person(51).id }]);
});

/** How often everything held is gone through for as many comparisons within a second, with news before each. */
function sortings(held: number, comparisons: number): number {
  const holder = new Holder();
  const note = { provider: person(2), ttlSeconds: 600, removal: 'abcd' };
  const announce = (n: number): unknown =>
    holder.providers.add(keyAt(`c${n.toString(16).padStart(6, '0')}`), note, 0, `via ${n}`);
  for (let n = 0; n < held; n++) announce(n);
  let count = 0;
  const values = holder.providers.values.bind(holder.providers);
  holder.providers.values = () => {
    count++;
    return values();
  };
  const digest = encodeSync({ kind: 'digest', salt: 1, hashes: digestOf([], 1) });
  for (let n = 0; n < comparisons; n++) {
    holder.core.now += Math.floor(1_000 / comparisons);
    announce(held + n);
    holder.consume(person(51), digest);
  }
  return count;
}

test('what is held is sorted anew for each comparison after news where it is little, and seldom where it is much', () => {
  expect(sortings(8, 20)).toBe(20);
  expect(sortings(1_000, 20)).toBe(1);
});

test('a replica that wishes for copies again and again leaves the others theirs', () => {
  const holder = new Holder();
  const wish = encodeSync({ kind: 'wanted', names: [{ kind: 'record', key: recordOf().key }] });
  const copiesFor = (index: number): number => {
    holder.consume(person(index), wish);
    return holder.routes().filter(({ kind }) => kind === ROUTE_KIND.store).length;
  };
  for (let n = 0; n < 8 * MAX_SYNC_SENT; n++) copiesFor(51);
  expect([copiesFor(51), copiesFor(52)]).toEqual([0, 1]);
});
