import { beforeEach, expect, test } from 'vitest';
import type { NodeId } from '../../../../shared/src/ids.ts';
import { DESKTOP_LEDGER, OFFER_BURST } from '../../../../shared/src/limits/links.ts';
import { randomBytes } from '../../../../shared/src/machine.ts';
import { settle } from '../../adapters/memory/manual-clock.ts';
import { PortableCrypto } from '../../adapters/portable/portable-crypto.ts';
import type { RawConnector } from '../../ports/links.ts';
import { encodeSignal } from './signal-codec.ts';
import { LinkLab, type Peer, type PeerOptions } from './test/lab.ts';
import { LinkError } from './types.ts';

let lab: LinkLab;

beforeEach(() => {
  lab = new LinkLab();
});

test('a peer that nobody can reach is reported at once, once, and not dialled again for a while', async () => {
  const [a, b] = lab.pairByOrder();
  a.carry = () => false;
  const first = await Promise.all([a.open(b), lab.clock.advance(50)]);
  expect(first[0]).toMatchObject({ code: 'unreachable', isRemembered: false });
  const second = await a.open(b);
  await settle();
  expect(second).toMatchObject({ code: 'unreachable', isRemembered: true });
  expect([a.events.length, a.made.length]).toEqual([2, 1]);
  expect(a.events[0]).toMatch(/^failed higher unreachable: Nobody could carry/);
  a.carry = () => true;
  await lab.clock.advance(15_000);
  const third = a.open(b);
  await lab.clock.advance(500);
  expect(await third).toBe(a.linkTo(b));
});

test('nobody has to look at the promise of an attempt that fails', async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  const [a, b] = lab.pairByOrder();
  a.carry = () => false;
  void a.links.open(b.contact, 'overlay');
  await lab.clock.advance(50);
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', note);
  expect([a.events.length, unhandled]).toEqual([1, []]);
});

test('a peer that failed is reachable at once when it comes to us', async () => {
  const [a, b] = lab.pairByOrder();
  a.carry = () => false;
  await Promise.all([a.open(b), lab.clock.advance(50)]);
  a.carry = () => true;
  void b.open(a);
  await lab.clock.advance(500);
  expect(a.linkTo(b)).toBeDefined();
});

test('an offer that is never answered times out after 15 seconds', async () => {
  const [a, b] = lab.pairByOrder();
  b.carry = () => false;
  const opening = a.open(b);
  await lab.clock.advance(14_999);
  expect(a.events).toEqual([]);
  await lab.clock.advance(1);
  expect(await opening).toMatchObject({ code: 'timeout' });
  expect(a.events).toHaveLength(1);
});

test('whoever answered an offer that is taken back hears that the other side gave up, and may dial it at once', async () => {
  const [a, b] = lab.pairByOrder();
  Object.assign(lab.network.options, { path: 'none', iceFailureMs: 60_000 });
  void a.open(b);
  await lab.clock.advance(100);
  const opening = b.open(a);
  a.links.close(b.id);
  await lab.clock.advance(100);
  // Neither that there is no path, nor anything that counts against the other side.
  expect(await opening).toMatchObject({ code: 'superseded', isRemembered: false });
  expect(b.events).toHaveLength(1);
  lab.network.options.path = 'direct';
  const again = b.open(a);
  await lab.clock.advance(500);
  expect(await again).toBe(b.linkTo(a));
});

test('a stuck handshake times out, and the answering side forgets it as quietly', async () => {
  const a = lab.peer({ name: 'a' });
  const keys = { seed: randomBytes(lab.rng, 32) };
  const stuck = new (class extends PortableCrypto {
    override sign(message: Uint8Array): Promise<Uint8Array> {
      const isProof = startsWith(message, 'skein link proof');
      return isProof ? new Promise(() => undefined) : super.sign(message);
    }
  })(keys);
  const frozen = lab.peer({ name: 'frozen' }, stuck);
  const opening = a.open(frozen);
  await lab.clock.advance(15_000);
  expect(await opening).toMatchObject({ code: 'timeout' });
  await lab.clock.advance(1000);
  expect(frozen.events).toEqual([]);
  expect([...a.made, ...frozen.made].map((connection) => connection.state)).toEqual(['closed', 'closed']);
});

const TURN = [{ urls: 'turn:relay.example' }];
const failures: [string, PeerOptions, RegExp][] = [
  ['without a relay', {}, /No direct path .* no relay \(TURN server\) is configured/],
  ['with a relay', { iceServers: TURN }, /No direct path .* through the relay .* failed as well/],
  ['with only relays allowed and none configured', { relayOnly: true }, /Only relayed paths .* no relay .* configured/],
  [
    'with only relays allowed and none answering',
    { relayOnly: true, iceServers: TURN },
    /Only relayed .* did not answer/,
  ],
];

test.each(failures)('no path %s is said plainly', async (_, options, sentence) => {
  lab.network.options.path = 'none';
  const [a, b] = lab.pairByOrder(options);
  const opening = a.open(b);
  await lab.clock.advance(2000);
  expect(await opening).toMatchObject({ code: 'ice-failed', message: expect.stringMatching(sentence) as string });
  expect(a.events).toHaveLength(1);
});

test('a browser that never gives up on ICE is given up on after 15 seconds, as an ICE failure', async () => {
  Object.assign(lab.network.options, { path: 'none', iceFailureMs: 60_000 });
  const [a, b] = lab.pairByOrder();
  const opening = a.open(b);
  await lab.clock.advance(15_000);
  expect(await opening).toMatchObject({ code: 'ice-failed' });
});

test('new ICE servers give failed peers another chance', async () => {
  lab.network.options.path = 'none';
  const [a, b] = lab.pairByOrder();
  await Promise.all([a.open(b), lab.clock.advance(2000)]);
  lab.network.options.path = 'turn';
  a.links.setIceServers(TURN);
  const opening = a.open(b);
  await lab.clock.advance(500);
  expect(await opening).toMatchObject({ path: 'turn' });
});

test('one who sits in the middle of the connection is refused, whatever it forwards', async () => {
  const a = lab.peer({ name: 'a' });
  const real = lab.network.connector();
  const wiretapped: RawConnector = {
    connect: (role, options, handler) => {
      const connection = real.connect(role, options, handler);
      connection.fingerprints = () => ({ local: new Uint8Array(32).fill(1), remote: new Uint8Array(32).fill(2) });
      return connection;
    },
  };
  const victim = lab.peer({ name: 'victim', connector: wiretapped });
  const opening = victim.open(a);
  await lab.clock.advance(500);
  expect(await opening).toMatchObject({
    code: 'handshake-refused',
    message: expect.stringMatching(/somebody may sit in between/) as string,
  });
  expect([a.links.links.size, victim.links.links.size]).toEqual([0, 0]);
});

test('a peer without room says so at once', async () => {
  const a = lab.peer({ name: 'a' });
  const full = lab.peer({ name: 'full', ledger: { overlayHard: 0, overlayTarget: 0, swarmMax: 0 } });
  const opening = a.open(full);
  await lab.clock.advance(100);
  expect(await opening).toMatchObject({ code: 'over-budget', message: expect.stringMatching(/other side/) as string });
  expect(await full.open(a)).toMatchObject({
    code: 'over-budget',
    message: expect.stringMatching(/This device/) as string,
  });
});

test('an offer that its sender can do without is refused by a peer that does not want it, and may be made again', async () => {
  const a = lab.peer({ name: 'a' });
  const settled = lab.peer({ name: 'settled', admits: (_, isSpare) => !isSpare });
  const spare = a.links.open(settled.contact, 'overlay', true).catch((error: LinkError) => error);
  await lab.clock.advance(100);
  expect(await spare).toMatchObject({ code: 'not-needed' });
  expect([settled.made.length, settled.events.length]).toEqual([0, 0]);
  const needed = a.open(settled);
  await lab.clock.advance(500);
  expect(await needed).toBe(a.linkTo(settled));
});

test('an offer for the swarm is not for the overlay to refuse', async () => {
  const a = lab.peer({ name: 'a' });
  const settled = lab.peer({ name: 'settled', admits: () => false });
  const opening = a.open(settled, 'swarm');
  await lab.clock.advance(500);
  expect(await opening).toBe(a.linkTo(settled));
});

test.each([
  [0, 'over-budget'],
  [1, undefined],
])('an offer for both that the overlay refuses is one of the swarm, which has %i places', async (swarmMax, code) => {
  const a = lab.peer({ name: 'a' });
  const settled = lab.peer({ name: 'settled', admits: () => false, ledger: { swarmMax } });
  const opening = [a.open(settled), a.open(settled, 'swarm')];
  await lab.clock.advance(500);
  expect(((await opening[0]) as { readonly code?: string }).code).toBe(code);
  expect(a.linkTo(settled) === undefined).toBe(code !== undefined);
});

test('a refused offer is made again when somebody who needs the link has asked meanwhile', async () => {
  const a = lab.peer({ name: 'a' });
  const settled = lab.peer({ name: 'settled', admits: (_, isSpare) => !isSpare });
  const spare = a.links.open(settled.contact, 'overlay', true);
  await lab.clock.advance(30);
  const needed = a.open(settled);
  await lab.clock.advance(500);
  expect(await needed).toBe(a.linkTo(settled));
  expect(await spare).toBe(a.linkTo(settled));
  expect(a.events).toEqual(['up settled direct']);
});

test('whom we dial ourselves is not refused', async () => {
  const [lower, higher] = lab.pairByOrder({ admits: () => false });
  const opening = [lower.open(higher), higher.open(lower)];
  await lab.clock.advance(1000);
  expect(await Promise.all(opening)).toEqual([lower.linkTo(higher), higher.linkTo(lower)]);
});

test('four dials run at a time, the others wait and all come up', async () => {
  const a = lab.peer({ name: 'a' });
  const others = Array.from({ length: 12 }, (_, n) => lab.peer({ name: `other ${n}` }));
  const openings = others.map((other) => a.open(other));
  expect(a.made).toHaveLength(4);
  await lab.clock.advance(1000);
  const results = await Promise.all(openings);
  expect(results.map((link) => link instanceof LinkError)).toEqual(others.map(() => false));
  expect(a.links.links.size).toBe(12);
});

test('a wish that waits too long for its turn fails, and leaves the queue', async () => {
  const a = lab.peer({ name: 'a', ledger: { maxDials: 1 } });
  const silent = Array.from({ length: 4 }, (_, n) => lab.peer({ name: `silent ${n}` }));
  for (const peer of silent) peer.carry = () => false;
  const openings = silent.map((peer) => a.open(peer));
  await lab.clock.advance(46_000);
  for (const result of await Promise.all(openings)) expect(result).toMatchObject({ code: 'timeout' });
  // Two attempts of 15 s fit into the 30 s that a wish may wait.
  expect([a.events.length, a.made.length]).toEqual([4, 2]);
});

const nothing = (): void => undefined;

/** Peers that make an offer over the link of `over`, take the answer, and never connect. */
function idlers(count: number, over: NodeId): Peer[] {
  const idle: RawConnector = {
    connect: (role, options, handler) => {
      const description = (sdp: string): void => handler.description(sdp);
      const deaf = { description, open: nothing, message: nothing, writable: nothing, closed: nothing };
      return lab.network.connector().connect(role, options, deaf);
    },
  };
  return Array.from({ length: count }, (_, n) => lab.peer({ name: `idler ${n}`, connector: idle, over }));
}

test('offers that are not completed give way to one that comes another way, and are told so', async () => {
  const [target, hostile, friend] = [lab.peer(), lab.peer(), lab.peer()];
  const offers = idlers(DESKTOP_LEDGER.maxAnswers, hostile.id).map((idler) => idler.open(target));
  await lab.clock.advance(200);
  const late = idlers(1, hostile.id).map((idler) => idler.open(target));
  await lab.clock.advance(100);
  expect(await late[0]).toMatchObject({ code: 'over-budget' });
  const honest = lab.peer({ name: 'honest', over: friend.id });
  const opening = honest.open(target);
  await lab.clock.advance(500);
  expect(await opening).toBe(honest.linkTo(target));
  expect(await offers[0]).toMatchObject({ code: 'over-budget' });
  expect(target.counter('offer gave way')).toBe(1);
});

test('offers that are not completed keep none of our own dials out', async () => {
  const ledger = { overlayTarget: 2, overlayHard: 4 };
  const target = lab.peer({ ledger });
  for (const idler of idlers(4, lab.peer().id)) void idler.open(target);
  await lab.clock.advance(200);
  const other = lab.peer();
  const opening = target.open(other);
  await lab.clock.advance(500);
  expect(await opening).toBe(target.linkTo(other));
});

test('a peer that offers anew all the time has no connection made for each, and others over its way none either', async () => {
  const [target, neighbour] = [lab.peer(), lab.peer()];
  const senders = [lab.peer(), lab.peer()];
  for (let i = 0; i < 2 * OFFER_BURST; i++) {
    const attempt = i.toString(16).padStart(16, '0');
    const offer = encodeSignal({ kind: 'offer', attempt, purposes: ['overlay'], isSpare: false, sdp: 'memory 0' });
    const sealed = await senders[i % 2]!.mail.seal(target.contact, 'signal', offer, 15_000);
    target.links.receiveSignal(sealed, undefined, neighbour.id);
    await lab.clock.advance(1);
  }
  expect(target.made.length).toBe(OFFER_BURST);
  const honest = lab.peer();
  void honest.open(target);
  await lab.clock.advance(500);
  expect(honest.linkTo(target)).toBeDefined();
});

function startsWith(bytes: Uint8Array, text: string): boolean {
  return String.fromCharCode(...bytes.subarray(0, text.length)) === text;
}
