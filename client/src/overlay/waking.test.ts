import { expect, test } from 'vitest';
import { type Contact, type NodeId, contactFromKey } from '../../../shared/src/ids.ts';
import { DOUBT_STALL_MS, SILENCE_LIMIT_MS, TICK_MS, WAKE_ANSWER_MS } from '../../../shared/src/limits/overlay.ts';
import { type Millis, randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { FRAME, decodePing, encodePing } from './link-frames.ts';
import { Overlay } from './overlay.ts';
import type { OverlayInput, OverlayOutput } from './types.ts';

const rng = seededRng(61);
const newContact = (): Contact => contactFromKey(randomBytes(rng, 32));
const LINKS = 5;

/** Longer than anybody waits for us. [ms] */
const NIGHT_MS = 60_000;

/** One machine with links whose other ends answer every ping after `rttMs`, until they are dead. */
class Sleeper {
  readonly machine = new Overlay({ self: newContact(), rng: seededRng(1), linkTarget: 32, linkHard: 64 });
  readonly peers: readonly Contact[] = Array.from({ length: LINKS }, newContact);
  readonly dead = new Set<NodeId>();
  readonly closed: NodeId[] = [];
  readonly pinged: NodeId[] = [];
  rttMs: Millis = 100;
  now: Millis = 0;
  #answers: { readonly at: Millis; readonly input: OverlayInput }[] = [];

  constructor(rttMs: Millis = 100) {
    this.rttMs = rttMs;
    for (const peer of this.peers) this.feed({ kind: 'linkUp', peer, isOutbound: false });
    this.run(30_000);
  }

  feed(input: OverlayInput): void {
    const out: OverlayOutput[] = [];
    this.machine.handle(input, this.now, out);
    for (const output of out) {
      if (output.kind === 'closeLink') this.closed.push(output.peer);
      if (output.kind === 'send' && output.bytes[1] === FRAME.ping) this.#onPing(output.to, output.bytes);
    }
  }

  #onPing(from: NodeId, bytes: Uint8Array): void {
    this.pinged.push(from);
    const ping = decodePing(bytes);
    if (!ping || this.dead.has(from)) return;
    const pong = encodePing(FRAME.pong, { flags: 0, sequence: ping.sequence, rttMs: 0 });
    this.#answers.push({ at: this.now + this.rttMs, input: { kind: 'received', from, bytes: pong } });
  }

  /** Hands out answers and calls the machine at its deadlines, as a driver does. */
  run(forMs: Millis): void {
    const until = this.now + forMs;
    for (;;) {
      const answer = this.#answers[0];
      const due = this.machine.nextDeadline()?.at ?? Number.POSITIVE_INFINITY;
      const at = Math.max(this.now, Math.min(answer?.at ?? Number.POSITIVE_INFINITY, due));
      if (at > until) break;
      this.now = at;
      if (answer && answer.at <= due) this.#answers.shift();
      this.feed(answer && answer.at <= due ? answer.input : { kind: 'deadline' });
    }
    this.now = until;
  }

  /** Its loop stands still; the first that runs again is its timer. */
  stall(forMs: Millis): void {
    this.now += forMs;
    this.pinged.length = 0;
    this.feed({ kind: 'deadline' });
  }

  /** All but these are dead from now on. */
  outlivedBy(...alive: readonly Contact[]): void {
    for (const { id } of this.peers) if (!alive.some((contact) => contact.id === id)) this.dead.add(id);
  }
}

test('who stood still for longer than others wait asks all links at once', () => {
  const sleeper = new Sleeper();
  sleeper.stall(NIGHT_MS);
  expect(new Set(sleeper.pinged)).toEqual(new Set(sleeper.peers.map(({ id }) => id)));
});

test('a link that is answered on after a long sleep stays; one that is not is closed long before the silence limit', () => {
  const sleeper = new Sleeper();
  const [alive] = sleeper.peers as [Contact];
  sleeper.outlivedBy(alive);
  sleeper.stall(NIGHT_MS);
  sleeper.run(WAKE_ANSWER_MS - 1);
  expect(sleeper.closed).toEqual([]);
  sleeper.run(TICK_MS + 1);
  expect(sleeper.closed.toSorted()).toEqual([...sleeper.dead].toSorted());
  sleeper.run(2 * SILENCE_LIMIT_MS);
  expect(sleeper.machine.links).toBe(1);
});

test('a sleep that the clock did not count is told, and ends dead links as soon', () => {
  const sleeper = new Sleeper();
  const [alive] = sleeper.peers as [Contact];
  sleeper.outlivedBy(alive);
  sleeper.feed({ kind: 'command', command: { kind: 'slept', forMs: NIGHT_MS } });
  sleeper.run(WAKE_ANSWER_MS + TICK_MS);
  expect(sleeper.closed.toSorted()).toEqual([...sleeper.dead].toSorted());
});

test('a short standstill closes no link before its silence is over the limit', () => {
  const sleeper = new Sleeper();
  sleeper.outlivedBy();
  sleeper.stall(DOUBT_STALL_MS);
  sleeper.run(SILENCE_LIMIT_MS - 5_000);
  expect(sleeper.closed).toEqual([]);
});

test('links whose answers take long are given as long', () => {
  const sleeper = new Sleeper(1_400);
  sleeper.outlivedBy();
  sleeper.stall(NIGHT_MS);
  sleeper.run(WAKE_ANSWER_MS + 500);
  expect(sleeper.closed).toEqual([]);
  sleeper.run(TICK_MS);
  expect(sleeper.closed).toHaveLength(LINKS);
});

test('what was on its way before the sleep is no sign of life', () => {
  const sleeper = new Sleeper();
  sleeper.outlivedBy();
  sleeper.stall(NIGHT_MS);
  const stale = encodePing(FRAME.ping, { flags: 0, sequence: 9, rttMs: 0 });
  for (const { id } of sleeper.peers) sleeper.feed({ kind: 'received', from: id, bytes: stale });
  sleeper.run(WAKE_ANSWER_MS + TICK_MS);
  expect(sleeper.closed).toHaveLength(LINKS);
});

test('a page that stutters as it wakes reads the answers that wait for it before it judges', () => {
  const sleeper = new Sleeper();
  sleeper.stall(NIGHT_MS);
  sleeper.stall(WAKE_ANSWER_MS + 900);
  sleeper.run(2 * SILENCE_LIMIT_MS);
  expect(sleeper.closed).toEqual([]);
});
