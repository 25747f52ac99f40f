import { expect, test } from 'vitest';
import { type Contact, type NodeId, contactFromKey } from '../../../shared/src/ids.ts';
import { MAX_MALFORMED_FRAMES } from '../../../shared/src/limits/overlay-links.ts';
import { BUCKET_CAPACITY, MAX_OPERATIONS, SILENCE_LIMIT_MS, TICK_MS } from '../../../shared/src/limits/overlay.ts';
import { type Rng, randomBelow, randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { commonPrefixBits } from '../../../shared/src/xor.ts';
import { vector } from '../../../shared/test/vectors.ts';
import { FLAG_HELLO, FRAME, decodePing, encodeBye, encodeContacts, encodePing } from './link-frames.ts';
import { Overlay } from './overlay.ts';
import { ROUTE_KIND, decodeRoute, encodeRoute } from './route-frame.ts';
import { ContactCache } from './contact-cache.ts';
import type { OverlayInput, OverlayOutput, SignedRecord } from './types.ts';

const rng = seededRng(5);
const people: readonly Contact[] = Array.from({ length: 120 }, () => contactFromKey(randomBytes(rng, 32)));
function item<T>(items: readonly T[], index: number): T {
  const found = items[index];
  if (found === undefined) throw new Error(`no item ${index}`);
  return found;
}

const person = (index: number): Contact => item(people, index);
const self = person(0);
const peer = person(1);
const FRAMES = ['PING', 'PONG', 'BYE', 'CONTACTS', 'ROUTE', 'ACK', 'REPLY', 'LINKS'].map((name) =>
  vector(`overlay/${name}`),
);
const CACHE = new ContactCache();

/** What messages of a kind carry, by its name. */
const PAYLOADS = new Map(
  ['FIND', 'STORE', 'GET', 'PUBLISH', 'UNPUBLISH', 'PROBE', 'SYNC'].map((name) => [
    name.toLowerCase(),
    vector(`overlay/${name}`),
  ]),
);

function overlay(linkTarget = 40, linkHard = 64): Overlay {
  return new Overlay({ self, rng: seededRng(1), linkTarget, linkHard });
}

function feed(machine: Overlay, now: number, ...inputs: OverlayInput[]): OverlayOutput[] {
  const out: OverlayOutput[] = [];
  for (const input of inputs) machine.handle(input, now, out);
  return out;
}

/** Calls the machine at its deadlines up to `until`, as a driver does. */
function drive(machine: Overlay, until: number): OverlayOutput[] {
  const out: OverlayOutput[] = [];
  for (let next = machine.nextDeadline(); next && next.at <= until; next = machine.nextDeadline())
    machine.handle({ kind: 'deadline' }, next.at, out);
  return out;
}

const up = (contact: Contact): OverlayInput => ({ kind: 'linkUp', peer: contact, isOutbound: false });
const introduce = (contacts: readonly Contact[]): OverlayInput => ({
  kind: 'command',
  command: { kind: 'introduce', contacts },
});
const opened = (out: readonly OverlayOutput[]): NodeId[] =>
  out.flatMap((o) => (o.kind === 'openLink' ? [o.contact.id] : []));
const closed = (out: readonly OverlayOutput[]): string[] => out.flatMap((o) => (o.kind === 'closeLink' ? [o.why] : []));
const knows = (machine: Overlay, id: NodeId): boolean => machine.contactOf(id) !== undefined;

test('the first introductions are dialled at once, three at a time, and a fourth after a pause', () => {
  const machine = overlay();
  const out = [...feed(machine, 1_000, introduce(people.slice(1, 6))), ...drive(machine, 1_299)];
  expect(opened(out)).toHaveLength(3);
  expect(opened(drive(machine, 1_300))).toHaveLength(1);
});

test('a peer with its first links lets a newcomer dial, and dials it only when it did not', () => {
  const machine = overlay();
  feed(machine, 0, ...people.slice(1, 4).map(up));
  drive(machine, 100);
  feed(machine, 10_000, introduce(people.slice(5, 6)));
  expect(opened(drive(machine, 11_400))).toEqual([]);
  expect(opened(drive(machine, 13_000))).toEqual([person(5).id]);
});

test('a dial that failed makes room for the next; the peer at fault is forgotten, another is tried again later', () => {
  const machine = overlay();
  feed(machine, 0, introduce(people.slice(1, 3)));
  drive(machine, 10);
  const failed = (id: NodeId, isPeerAtFault: boolean): OverlayInput => ({
    kind: 'command',
    command: { kind: 'linkFailed', peer: id, isPeerAtFault },
  });
  feed(machine, 1_000, failed(peer.id, true), failed(person(2).id, false));
  expect(knows(machine, peer.id)).toBe(false);
  expect(opened(drive(machine, 5_900))).toEqual([]);
  expect(opened(drive(machine, 8_000))).toEqual([person(2).id]);
});

test('a dial that was not even tried, as one had failed shortly before, counts as no further failure', () => {
  const machine = overlay();
  feed(machine, 0, introduce(people.slice(1, 2)));
  drive(machine, 10);
  const failed = (isRemembered: boolean): OverlayInput => ({
    kind: 'command',
    command: { kind: 'linkFailed', peer: person(1).id, isPeerAtFault: true, isRemembered },
  });
  feed(machine, 1_000, failed(true));
  expect(knows(machine, person(1).id)).toBe(true);
  expect(opened(drive(machine, 5_900))).toEqual([]);
  expect(opened(drive(machine, 8_000))).toEqual([person(1).id]);
  feed(machine, 8_000, failed(true));
  expect(opened(drive(machine, 15_000))).toEqual([person(1).id]);
  feed(machine, 15_000, failed(false));
  expect(knows(machine, person(1).id)).toBe(false);
});

test('the first link is greeted, and looked up through, in the same call', () => {
  const machine = overlay();
  const frames = feed(machine, 50, up(peer)).flatMap((o) => (o.kind === 'send' ? [o.bytes] : []));
  expect(frames.map((bytes) => bytes[1])).toEqual([FRAME.contacts, FRAME.ping, FRAME.route]);
  expect(decodeRoute(item(frames, 2), CACHE)).toMatchObject({ target: self.id, hops: 1 });
});

test('a link that stays silent for 10 s is closed within the tick that follows, and its peer forgotten', () => {
  const machine = overlay();
  feed(machine, 0, up(peer));
  expect(closed(drive(machine, SILENCE_LIMIT_MS - 1))).toEqual([]);
  expect(closed(drive(machine, SILENCE_LIMIT_MS + TICK_MS))).toEqual(['silent']);
  expect(knows(machine, peer.id)).toBe(false);
});

test('a peer is not judged by time in which our own loop stood still', () => {
  const machine = overlay();
  feed(machine, 0, up(peer));
  drive(machine, 3_000);
  const out = feed(machine, 60_000, { kind: 'deadline' });
  expect(closed(out)).toEqual([]);
  const pings = out.flatMap((o) => (o.kind === 'send' && o.bytes[1] === FRAME.ping ? [decodePing(o.bytes)] : []));
  const answer = encodePing(FRAME.pong, { flags: 0, sequence: item(pings, 0)?.sequence ?? 0, rttMs: 0 });
  feed(machine, 60_100, { kind: 'received', from: peer.id, bytes: answer });
  expect(closed(drive(machine, 66_000))).toEqual([]);
  expect(machine.links).toBe(1);
});

/** Links three peers of one bucket in networks of their own and then those named, all of one network. */
function crowded(...others: readonly Contact[]): Overlay {
  const machine = overlay();
  for (const [i, contact] of far.slice(0, 3).entries()) feed(machine, 0, upFrom(contact, `203.0.${i}`));
  for (const contact of others) feed(machine, 0, upFrom(contact, '198.51.100'));
  return machine;
}

const far = people.filter(({ id }) => commonPrefixBits(self.id, id) === 0);
const upFrom = (contact: Contact, network: string): OverlayInput => ({
  kind: 'linkUp',
  peer: contact,
  isOutbound: false,
  network,
});
const greeting = ({ id }: Contact): OverlayInput => ({
  kind: 'received',
  from: id,
  bytes: encodeContacts({ flags: FLAG_HELLO, contacts: [] }),
});
const isBye = (output: OverlayOutput): boolean => output.kind === 'send' && output.bytes[1] === FRAME.bye;

test('a peer that was refused for its network does not come back with a greeting, and is told so', () => {
  const refused = item(far, 5);
  const machine = crowded(...far.slice(3, 5), refused);
  expect(machine.links).toBe(5);
  expect(feed(machine, 1_000, greeting(refused)).filter(isBye)).toMatchObject([{ to: refused.id }]);
  expect(machine.links).toBe(5);
});

test('a greeting brings a link back in the network that it was in', () => {
  const returning = item(far, 5);
  const machine = crowded(returning);
  feed(machine, 100, { kind: 'received', from: returning.id, bytes: encodeBye('pruned') });
  feed(machine, 200, ...far.slice(3, 5).map((contact) => upFrom(contact, '198.51.100')));
  expect(feed(machine, 300, greeting(returning)).filter(isBye)).toMatchObject([{ to: returning.id }]);
  expect(machine.links).toBe(5);
});

test('a peer that gave its link up stays known, and a greeting brings the link back', () => {
  const machine = overlay();
  feed(machine, 0, up(peer));
  expect(closed(feed(machine, 100, { kind: 'received', from: peer.id, bytes: encodeBye('pruned') }))).toEqual([
    'pruned',
  ]);
  expect([machine.links, knows(machine, peer.id)]).toEqual([0, true]);
  feed(machine, 200, {
    kind: 'received',
    from: peer.id,
    bytes: encodePing(FRAME.ping, { flags: 0, sequence: 1, rttMs: 0 }),
  });
  expect(machine.links).toBe(0);
  feed(machine, 300, { kind: 'received', from: peer.id, bytes: vector('overlay/CONTACTS') });
  expect(machine.links).toBe(1);
});

test('links beyond the hard limit are given up at once', () => {
  const machine = overlay(6, 8);
  const out: OverlayOutput[] = [];
  people
    .slice(1, 20)
    .forEach((contact, i) => out.push(...feed(machine, 10 * i, up(contact)), ...drive(machine, 10 * i)));
  out.push(...drive(machine, 4_000));
  expect(machine.links).toBeLessThanOrEqual(8);
  expect(closed(out).every((why) => why === 'pruned')).toBe(true);
});

test('a peer that keeps sending malformed frames is closed and kept out', () => {
  const machine = overlay();
  feed(machine, 0, up(peer));
  const bad: OverlayInput = { kind: 'received', from: peer.id, bytes: new Uint8Array([1, FRAME.route, 0]) };
  const out = Array.from({ length: MAX_MALFORMED_FRAMES }, () => feed(machine, 10, bad)).flat();
  expect(closed(out)).toEqual(['malformed']);
  expect(machine.counters.malformed).toBe(MAX_MALFORMED_FRAMES);
  feed(machine, 10_000, up(person(2)), introduce([peer]));
  expect(knows(machine, peer.id)).toBe(false);
});

test('frames of unknown versions and types, and of peers without a link, change nothing', () => {
  const machine = overlay();
  feed(machine, 0, up(peer));
  const frames = [[], [1], [2, 1], [1, 99], [1, 0]].map((bytes) => new Uint8Array(bytes));
  for (const bytes of frames) expect(feed(machine, 1, { kind: 'received', from: peer.id, bytes })).toEqual([]);
  expect(feed(machine, 1, { kind: 'received', from: person(9).id, bytes: vector('overlay/ROUTE') })).toEqual([]);
  expect(machine.links).toBe(1);
});

test('a cancelled operation gives no result, and too many at once are refused', () => {
  const machine = overlay();
  feed(machine, 0, up(peer));
  const lookup = (op: number): OverlayInput => ({
    kind: 'command',
    command: { kind: 'lookup', op, key: self.id, mode: 'recursive', timeoutMs: 2_000 },
  });
  const out = Array.from({ length: MAX_OPERATIONS + 1 }, (_, op) => feed(machine, 1, lookup(op))).flat();
  expect(out.filter((o) => o.kind === 'emit')).toEqual([
    { kind: 'emit', event: { kind: 'result', op: MAX_OPERATIONS, result: { kind: 'failed', code: 'refused' } } },
  ]);
  feed(machine, 2, { kind: 'command', command: { kind: 'cancel', op: 0 } });
  const results = drive(machine, 5_000).filter((o) => o.kind === 'emit' && o.event.kind === 'result');
  expect(results).toHaveLength(MAX_OPERATIONS - 1);
  expect(machine.openOperations).toBe(0);
});

test('leaving says BYE to every link and ends the machine', () => {
  const machine = overlay();
  feed(machine, 0, up(peer), up(person(2)));
  const out = feed(machine, 1, { kind: 'command', command: { kind: 'leave' } });
  const byes = out.filter((o) => o.kind === 'send' && o.bytes[1] === FRAME.bye);
  expect(byes).toHaveLength(2);
  expect(machine.nextDeadline()).toBeUndefined();
  expect(feed(machine, 2, up(person(3)))).toEqual([]);
});

test('no input makes the machine throw, and its bounds hold through 100,000 random ones', () => {
  const random = seededRng(3);
  const machine = overlay(10, 16);
  let now = 0;
  let effects: number[] = [];
  for (let i = 0; i < 100_000; i++) {
    now += randomBelow(random, 30);
    const out: OverlayOutput[] = [];
    machine.handle(randomInput(random, i, effects), now, out);
    effects = [...effects, ...out.flatMap((o) => (o.kind === 'run' ? [o.effect] : []))].slice(-20);
    if (i % 500 === 0) expectBounds(machine);
  }
  expect(machine.counters.sentFrames(FRAME.ack)).toBeGreaterThan(1_000);
}, 60_000);

function expectBounds(machine: Overlay): void {
  const perBucket = new Map<number, number>();
  for (const { bucket } of machine.snapshot().entries) perBucket.set(bucket, (perBucket.get(bucket) ?? 0) + 1);
  expect(Math.max(0, ...perBucket.values())).toBeLessThanOrEqual(Math.max(BUCKET_CAPACITY, machine.links));
  expect(machine.links).toBeLessThanOrEqual(16);
  expect(machine.openOperations).toBeLessThanOrEqual(MAX_OPERATIONS);
}

function randomInput(random: Rng, op: number, effects: readonly number[]): OverlayInput {
  const contact = person(randomBelow(random, people.length));
  switch (randomBelow(random, 12)) {
    case 0:
      return { kind: 'linkUp', peer: contact, isOutbound: random.nextUint32() % 2 === 0 };
    case 1:
      return { kind: 'linkDown', peer: contact.id };
    case 2:
      return { kind: 'deadline' };
    case 3:
      return {
        kind: 'effectDone',
        effect: effects[randomBelow(random, effects.length + 1)] ?? op,
        isValid: random.nextUint32() % 2 === 0,
      };
    case 4:
    case 5:
      return { kind: 'command', command: randomCommand(random, op, contact) };
    default:
      return { kind: 'received', from: contact.id, bytes: randomFrame(random) };
  }
}

function randomFrame(random: Rng): Uint8Array {
  let bytes: Uint8Array = item(FRAMES, randomBelow(random, FRAMES.length)).slice();
  if (bytes[1] === FRAME.route) bytes = randomRoute(random, bytes);
  if (bytes[1] === FRAME.route || bytes[1] === FRAME.ack) bytes.set(randomBytes(random, 2), 8);
  if (random.nextUint32() % 3 === 0) bytes[2 + randomBelow(random, bytes.length - 2)] = random.nextUint32() & 0xff;
  return bytes;
}

/** `bytes` with another kind and other flags; in a quarter of the cases one that asks what its kind does, at times of us. */
function randomRoute(random: Rng, bytes: Uint8Array): Uint8Array {
  const [name, kind] = item(Object.entries(ROUTE_KIND), randomBelow(random, Object.keys(ROUTE_KIND).length));
  const frame = decodeRoute(bytes, CACHE);
  const payload = PAYLOADS.get(name) ?? frame?.payload;
  const target = person(Math.max(0, randomBelow(random, people.length + 30) - 30)).id;
  const isFitting = random.nextUint32() % 4 === 0;
  const route = frame && isFitting && payload ? encodeRoute({ ...frame, target, via: [], payload }) : bytes;
  route[14] = kind;
  route[11] = randomBelow(random, 8);
  return route;
}

function randomCommand(
  random: Rng,
  op: number,
  contact: Contact,
): Extract<OverlayInput, { kind: 'command' }>['command'] {
  const key = contact.id;
  const empty = new Uint8Array(3);
  const record: SignedRecord = {
    key,
    author: contact,
    sequence: op,
    expiresAt: op,
    value: empty,
    signature: new Uint8Array(64),
  };
  const commands = [
    { kind: 'introduce', contacts: [contact] },
    { kind: 'lookup', op, key, mode: 'iterative', timeoutMs: Number.NaN },
    { kind: 'lookup', op, key, mode: 'recursive', timeoutMs: 500 },
    { kind: 'put', op, record },
    { kind: 'get', op, key },
    { kind: 'publish', op, key },
    { kind: 'unpublish', op, key },
    { kind: 'findProviders', op, key },
    { kind: 'route', op, target: key, protocol: 'app', payload: empty, timeoutMs: -1 },
    { kind: 'cancel', op: op - randomBelow(random, 50) },
    { kind: 'linkFailed', peer: key, isPeerAtFault: op % 2 === 0, isPairBroken: op % 4 === 1 },
    { kind: 'wallClock', wallNow: op },
  ] as const;
  return commands[randomBelow(random, commands.length)] ?? { kind: 'wallClock', wallNow: 0 };
}

/** People of one bucket, nearest indices first. */
const ofBucket = (bucket: number): Contact[] =>
  people.slice(1).filter(({ id }) => commonPrefixBits(self.id, id) === bucket);

test('a network that has two links of a bucket gets no third once two others serve there', () => {
  const machine = overlay();
  const [a, b, c, d, e, f] = ofBucket(0) as [Contact, Contact, Contact, Contact, Contact, Contact];
  const from = (contact: Contact, network: string): OverlayInput => ({ ...up(contact), network }) as OverlayInput;
  const out = feed(machine, 0, from(a, '198.51.100'), from(b, '198.51.100'), from(c, '198.51.100'));
  expect(closed(out)).toEqual([]);
  expect(closed(feed(machine, 10, from(d, '203.0.113'), from(e, '192.0.2')))).toEqual([]);
  expect(closed(feed(machine, 20, from(f, '198.51.100')))).toEqual(['pruned']);
  expect(machine.links).toBe(5);
});

test('peers of unknown or private networks are not counted against each other', () => {
  const machine = overlay();
  expect(closed(feed(machine, 0, ...ofBucket(0).slice(0, 12).map(up)))).toEqual([]);
});

test('peers of one network keep their links while the networks of all others are unknown', () => {
  const machine = overlay();
  const [a, b, c, ...others] = ofBucket(0).slice(0, 12) as [Contact, Contact, Contact, ...Contact[]];
  feed(machine, 0, ...others.map(up));
  const from = (contact: Contact): OverlayInput => ({ ...up(contact), network: '198.51.100' }) as OverlayInput;
  expect(closed(feed(machine, 5, ...[a, b, c].map(from)))).toEqual([]);
});

test('a network that becomes known only after the link opened counts from then on', () => {
  const machine = overlay();
  const [a, b, c, d, e] = ofBucket(0) as [Contact, Contact, Contact, Contact, Contact];
  feed(machine, 0, ...[a, b, c, d, e].map(up));
  const network = ({ id }: Contact, name: string): OverlayInput => ({ kind: 'linkNetwork', peer: id, network: name });
  feed(machine, 5, network(d, '203.0.113'), network(e, '192.0.2'));
  const told = [a, b, c].flatMap((contact) => feed(machine, 5, network(contact, '198.51.100')));
  expect(closed(told)).toEqual(['pruned']);
});
