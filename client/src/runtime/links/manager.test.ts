import { afterEach, beforeEach, expect, test } from 'vitest';
import { utf8Encode } from '../../../../shared/src/bytes.ts';
import type { Contact, NodeId } from '../../../../shared/src/ids.ts';
import { DESKTOP_LEDGER, type LedgerLimits, MAX_SIGNALS_IN_WORK } from '../../../../shared/src/limits/links.ts';
import { randomBytes, seededRng } from '../../../../shared/src/machine.ts';
import { silentLog } from '../../adapters/browser/log.ts';
import { ManualClock, settle } from '../../adapters/memory/manual-clock.ts';
import { type MemoryConnection, MemoryNetwork } from '../../adapters/memory/memory-connector.ts';
import { PortableCrypto } from '../../adapters/portable/portable-crypto.ts';
import type { RawConnector } from '../../ports/links.ts';
import { type Mail, createMail } from '../mail.ts';
import { createLinkManager } from './manager.ts';
import { encodeSignal } from './signal-codec.ts';
import { type Link, LinkError, type LinkManager } from './types.ts';

const rng = seededRng(20);
let clock: ManualClock;
let network: MemoryNetwork;
let peers: Map<NodeId, Peer>;
let rejections: unknown[];
const onRejection = (reason: unknown): void => void rejections.push(reason);

beforeEach(() => {
  clock = new ManualClock();
  network = new MemoryNetwork(clock, rng);
  peers = new Map();
  rejections = [];
  process.on('unhandledRejection', onRejection);
});

afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', onRejection);
  if (rejections.length > 0) throw new Error('a promise was left unhandled', { cause: rejections });
});

interface PeerOptions {
  readonly name?: string;
  readonly ledger?: Partial<LedgerLimits>;
  readonly iceServers?: readonly RTCIceServer[];
  readonly relayOnly?: boolean;
  readonly connector?: RawConnector;
  readonly admits?: (from: Contact, isSpare: boolean) => boolean;
}

/** A peer whose signals take 20 ms, with everything that its node was told. */
class Peer {
  readonly crypto: PortableCrypto;
  readonly name: string;
  readonly made: MemoryConnection[];
  readonly mail: Mail;
  readonly events: string[] = [];
  readonly links: LinkManager;
  /** Changes or drops (false) what is about to be carried to a peer. */
  carry: (to: Contact, sealed: Uint8Array) => boolean = () => true;
  onMessage: (link: Link, text: string) => void = () => undefined;

  constructor(
    { name = 'peer', ledger, iceServers = [], relayOnly = false, connector, admits }: PeerOptions = {},
    crypto = makeCrypto(),
  ) {
    this.crypto = crypto;
    this.name = name;
    const own = network.connector();
    this.made = own.made;
    this.mail = createMail(this.crypto, clock);
    this.links = createLinkManager({
      crypto: this.crypto,
      mail: this.mail,
      connector: connector ?? own,
      clock,
      log: silentLog,
      carrier: (to, sealed) => this.#carry(to, sealed),
      handler: {
        up: (link) => this.events.push(`up ${peers.get(link.peer.id)?.name} ${link.path}`),
        down: (link, reason) => this.events.push(`down ${peers.get(link.peer.id)?.name} ${reason}`),
        message: (link, bytes) => this.#hear(link, String.fromCharCode(...bytes)),
        writable: () => this.events.push('writable'),
        failed: (peer, code, detail) => this.events.push(`failed ${peers.get(peer)?.name} ${code}: ${detail}`),
        changed: (link) => this.events.push(`path ${link.path}`),
      },
      ...(admits && { admits }),
      name: () => this.name,
      ledger: { ...DESKTOP_LEDGER, ...ledger },
      iceServers,
      relayOnly,
    });
    peers.set(this.id, this);
  }

  get id(): NodeId {
    return this.crypto.self.id;
  }

  get contact(): Contact {
    return this.crypto.self;
  }

  open(to: Peer, purpose: 'overlay' | 'swarm' = 'overlay'): Promise<Link | LinkError> {
    return this.links.open(to.contact, purpose).catch((error: LinkError) => error);
  }

  linkTo(peer: Peer): Link | undefined {
    return this.links.links.get(peer.id);
  }

  counter(what: string): number {
    return this.links.counters.get(what) ?? 0;
  }

  #hear(link: Link, text: string): void {
    this.events.push(`heard ${text}`);
    this.onMessage(link, text);
  }

  #carry(to: Contact, sealed: Uint8Array): Promise<boolean> {
    if (!this.carry(to, sealed)) return Promise.resolve(false);
    return new Promise((resolve) => {
      clock.setTimer(clock.now() + 20, () => {
        const target = peers.get(to.id);
        target?.links.receiveSignal(sealed);
        resolve(target !== undefined);
      });
    });
  }
}

function makeCrypto(): PortableCrypto {
  return new PortableCrypto({ signSeed: randomBytes(rng, 32), sealSecret: randomBytes(rng, 32) }, (n) =>
    randomBytes(rng, n),
  );
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return String.fromCharCode(...bytes.subarray(0, text.length)) === text;
}

/** Two peers, the one with the lower id first. */
function pairByOrder(options: PeerOptions = {}): [Peer, Peer] {
  const [one, two] = [makeCrypto(), makeCrypto()].sort((a, b) => (a.self.id < b.self.id ? -1 : 1));
  return [new Peer({ ...options, name: 'lower' }, one), new Peer({ ...options, name: 'higher' }, two)];
}

async function linked(options: PeerOptions = {}): Promise<[Peer, Peer]> {
  const [a, b] = pairByOrder(options);
  void a.open(b);
  await clock.advance(500);
  expect([a.links.links.size, b.links.links.size]).toEqual([1, 1]);
  a.events.length = 0;
  b.events.length = 0;
  return [a, b];
}

test('a dialled peer answers, both prove themselves, and both learn name, path and round-trip time', async () => {
  const a = new Peer({ name: 'amber otter' });
  const b = new Peer({ name: 'blue wren' });
  const opening = a.open(b);
  await clock.advance(500);
  const link = (await opening) as Link;
  expect(link).toBe(a.linkTo(b));
  expect([link.peer, link.name, link.isOfferer, link.path, link.rttMs]).toEqual([
    b.contact,
    'blue wren',
    true,
    'direct',
    20,
  ]);
  expect([b.linkTo(a)!.name, b.linkTo(a)!.isOfferer]).toEqual(['amber otter', false]);
  expect([a.events, b.events]).toEqual([['up blue wren direct'], ['up amber otter direct']]);
});

test('messages go both ways in order, also those sent the moment a side is up', async () => {
  const [a, b] = pairByOrder();
  void a.links.open(b.contact, 'overlay').then((link) => link.send(utf8Encode('first')));
  b.onMessage = (link, text) => void link.send(utf8Encode(`${text}, back`));
  await clock.advance(500);
  a.linkTo(b)!.send(utf8Encode('second'));
  await clock.advance(100);
  expect(b.events.filter((event) => event.startsWith('heard'))).toEqual(['heard first', 'heard second']);
  expect(a.events.filter((event) => event.startsWith('heard'))).toEqual(['heard first, back', 'heard second, back']);
});

test('one link serves both purposes and is closed when the last is released', async () => {
  const [a, b] = await linked();
  expect(await a.open(b, 'swarm')).toBe(a.linkTo(b));
  a.links.release(b.id, 'overlay');
  expect(a.linkTo(b)).toBeDefined();
  a.links.release(b.id, 'swarm');
  await clock.advance(50);
  expect([a.events, b.events]).toEqual([['down higher local'], ['down lower closed']]);
});

test('opening twice at once is one attempt', async () => {
  const [a, b] = pairByOrder();
  const both = [a.links.open(b.contact, 'overlay'), a.links.open(b.contact, 'swarm')];
  await clock.advance(500);
  const [first, second] = await Promise.all(both);
  expect(first).toBe(second);
  expect([a.made.length, a.events.length]).toEqual([1, 1]);
});

test('when both dial at once the lower id wins and both promises resolve with the one link', async () => {
  for (const delay of [0, 5, 15, 24, 26, 40]) {
    const [lower, higher] = pairByOrder();
    const one = lower.open(higher);
    await clock.advance(delay);
    const two = higher.open(lower, 'swarm');
    await clock.advance(1000);
    expect(await one).toBe(lower.linkTo(higher));
    expect(await two).toBe(higher.linkTo(lower));
    expect([lower.events, higher.events]).toEqual([['up higher direct'], ['up lower direct']]);
    expect(lower.linkTo(higher)!.isOfferer).not.toBe(higher.linkTo(lower)!.isOfferer);
    // The purpose of the attempt that lost holds the link that came of the other.
    higher.links.release(lower.id, 'overlay');
    expect(higher.linkTo(lower)).toBeDefined();
  }
});

test('in a glare the higher id waits for the winning offer even if the word of its defeat comes first', async () => {
  const [lower, higher] = pairByOrder();
  let offers = 0;
  lower.carry = (_, sealed) => {
    if (offers++ > 0) return true;
    clock.setTimer(clock.now() + 100, () => higher.links.receiveSignal(sealed));
    return true;
  };
  const opening = [lower.open(higher), higher.open(lower)];
  await clock.advance(1000);
  expect(await Promise.all(opening)).toEqual([lower.linkTo(higher), higher.linkTo(lower)]);
});

test('a reloaded peer links again: the dead link goes down before the new one comes up', async () => {
  const [a, b] = await linked();
  const reborn = new Peer({ name: 'reborn' }, b.crypto);
  const opening = reborn.open(a);
  await clock.advance(500);
  expect(await opening).toBe(reborn.linkTo(a));
  expect(a.events).toEqual(['down reborn closed', 'up reborn direct']);
  expect(a.links.links.size).toBe(1);
});

test('an offer that was written before the link came up does not replace it', async () => {
  const [a, b] = pairByOrder();
  const offer = encodeSignal({
    kind: 'offer',
    attempt: '00'.repeat(8),
    purposes: ['overlay'],
    isSpare: false,
    sdp: 'memory 0',
  });
  const late = await b.mail.seal(a.contact, 'signal', offer, 15_000);
  void a.open(b);
  await clock.advance(500);
  const link = a.linkTo(b);
  a.links.receiveSignal(late);
  await clock.advance(500);
  expect(a.linkTo(b)).toBe(link);
  expect(a.counter('offer from before the link')).toBe(1);
});

test('a peer that nobody can reach is reported at once, once, and not dialled again for a while', async () => {
  const [a, b] = pairByOrder();
  a.carry = () => false;
  const first = await Promise.all([a.open(b), clock.advance(50)]);
  expect(first[0]).toMatchObject({ code: 'unreachable' });
  const second = await a.open(b);
  await settle();
  expect(second).toMatchObject({ code: 'unreachable' });
  expect([a.events.length, a.made.length]).toEqual([2, 1]);
  expect(a.events[0]).toMatch(/^failed higher unreachable: Nobody could carry/);
  a.carry = () => true;
  await clock.advance(15_000);
  const third = a.open(b);
  await clock.advance(500);
  expect(await third).toBe(a.linkTo(b));
});

test('a peer that failed is reachable at once when it comes to us', async () => {
  const [a, b] = pairByOrder();
  a.carry = () => false;
  await Promise.all([a.open(b), clock.advance(50)]);
  a.carry = () => true;
  void b.open(a);
  await clock.advance(500);
  expect(a.linkTo(b)).toBeDefined();
});

test('an offer that is never answered times out after 15 seconds', async () => {
  const [a, b] = pairByOrder();
  b.carry = () => false;
  const opening = a.open(b);
  await clock.advance(14_999);
  expect(a.events).toEqual([]);
  await clock.advance(1);
  expect(await opening).toMatchObject({ code: 'timeout' });
  expect(a.events).toHaveLength(1);
});

test('a stuck handshake times out, and the answering side forgets it as quietly', async () => {
  const a = new Peer({ name: 'a' });
  const keys = { signSeed: randomBytes(rng, 32), sealSecret: randomBytes(rng, 32) };
  const stuck = new (class extends PortableCrypto {
    override sign(message: Uint8Array): Promise<Uint8Array> {
      const isProof = startsWith(message, 'skein link proof');
      return isProof ? new Promise(() => undefined) : super.sign(message);
    }
  })(keys);
  const frozen = new Peer({ name: 'frozen' }, stuck);
  const opening = a.open(frozen);
  await clock.advance(15_000);
  expect(await opening).toMatchObject({ code: 'timeout' });
  await clock.advance(1000);
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
  network.options.path = 'none';
  const [a, b] = pairByOrder(options);
  const opening = a.open(b);
  await clock.advance(2000);
  expect(await opening).toMatchObject({ code: 'ice-failed', message: expect.stringMatching(sentence) as string });
  expect(a.events).toHaveLength(1);
});

test('a browser that never gives up on ICE is given up on after 15 seconds, as an ICE failure', async () => {
  Object.assign(network.options, { path: 'none', iceFailureMs: 60_000 });
  const [a, b] = pairByOrder();
  const opening = a.open(b);
  await clock.advance(15_000);
  expect(await opening).toMatchObject({ code: 'ice-failed' });
});

test('new ICE servers give failed peers another chance', async () => {
  network.options.path = 'none';
  const [a, b] = pairByOrder();
  await Promise.all([a.open(b), clock.advance(2000)]);
  network.options.path = 'turn';
  a.links.setIceServers(TURN);
  const opening = a.open(b);
  await clock.advance(500);
  expect(await opening).toMatchObject({ path: 'turn' });
});

test('one who sits in the middle of the connection is refused, whatever it forwards', async () => {
  const a = new Peer({ name: 'a' });
  const real = network.connector();
  const wiretapped: RawConnector = {
    connect: (role, options, handler) => {
      const connection = real.connect(role, options, handler);
      connection.fingerprints = () => ({ local: new Uint8Array(32).fill(1), remote: new Uint8Array(32).fill(2) });
      return connection;
    },
  };
  const victim = new Peer({ name: 'victim', connector: wiretapped });
  const opening = victim.open(a);
  await clock.advance(500);
  expect(await opening).toMatchObject({
    code: 'handshake-refused',
    message: expect.stringMatching(/somebody may sit in between/) as string,
  });
  expect([a.links.links.size, victim.links.links.size]).toEqual([0, 0]);
});

test('a peer without room says so at once', async () => {
  const a = new Peer({ name: 'a' });
  const full = new Peer({ name: 'full', ledger: { overlayHard: 0, overlayTarget: 0, swarmMax: 0 } });
  const opening = a.open(full);
  await clock.advance(100);
  expect(await opening).toMatchObject({ code: 'over-budget', message: expect.stringMatching(/other side/) as string });
  expect(await full.open(a)).toMatchObject({
    code: 'over-budget',
    message: expect.stringMatching(/This device/) as string,
  });
});

test('an offer that its sender can do without is refused by a peer that does not want it, and may be made again', async () => {
  const a = new Peer({ name: 'a' });
  const settled = new Peer({ name: 'settled', admits: (_, isSpare) => !isSpare });
  const spare = a.links.open(settled.contact, 'overlay', true).catch((error: LinkError) => error);
  await clock.advance(100);
  expect(await spare).toMatchObject({ code: 'not-needed' });
  expect([settled.made.length, settled.events.length]).toEqual([0, 0]);
  const needed = a.open(settled);
  await clock.advance(500);
  expect(await needed).toBe(a.linkTo(settled));
});

test('an offer for the swarm is not for the overlay to refuse', async () => {
  const a = new Peer({ name: 'a' });
  const settled = new Peer({ name: 'settled', admits: () => false });
  const opening = a.open(settled, 'swarm');
  await clock.advance(500);
  expect(await opening).toBe(a.linkTo(settled));
});

test('a refused offer is made again when somebody who needs the link has asked meanwhile', async () => {
  const a = new Peer({ name: 'a' });
  const settled = new Peer({ name: 'settled', admits: (_, isSpare) => !isSpare });
  const spare = a.links.open(settled.contact, 'overlay', true);
  await clock.advance(30);
  const needed = a.open(settled);
  await clock.advance(500);
  expect(await needed).toBe(a.linkTo(settled));
  expect(await spare).toBe(a.linkTo(settled));
  expect(a.events).toEqual(['up settled direct']);
});

test('whom we dial ourselves is not refused', async () => {
  const [lower, higher] = pairByOrder({ admits: () => false });
  const opening = [lower.open(higher), higher.open(lower)];
  await clock.advance(1000);
  expect(await Promise.all(opening)).toEqual([lower.linkTo(higher), higher.linkTo(lower)]);
});

test('four dials run at a time, the others wait and all come up', async () => {
  const a = new Peer({ name: 'a' });
  const others = Array.from({ length: 12 }, (_, n) => new Peer({ name: `other ${n}` }));
  const openings = others.map((other) => a.open(other));
  expect(a.made).toHaveLength(4);
  await clock.advance(1000);
  const results = await Promise.all(openings);
  expect(results.map((link) => link instanceof LinkError)).toEqual(others.map(() => false));
  expect(a.links.links.size).toBe(12);
});

test('a wish that waits too long for its turn fails, and leaves the queue', async () => {
  const a = new Peer({ name: 'a', ledger: { maxDials: 1 } });
  const silent = Array.from({ length: 4 }, (_, n) => new Peer({ name: `silent ${n}` }));
  for (const peer of silent) peer.carry = () => false;
  const openings = silent.map((peer) => a.open(peer));
  await clock.advance(46_000);
  for (const result of await Promise.all(openings)) expect(result).toMatchObject({ code: 'timeout' });
  // Two attempts of 15 s fit into the 30 s that a wish may wait.
  expect([a.events.length, a.made.length]).toEqual([4, 2]);
});

test('closing while waiting, dialling or up ends it here and there', async () => {
  const a = new Peer({ name: 'a', ledger: { maxDials: 1 } });
  const [b, c] = [new Peer({ name: 'b' }), new Peer({ name: 'c' })];
  const openings = [a.open(b), a.open(c)];
  a.links.close(c.id);
  a.links.close(b.id);
  for (const result of await Promise.all(openings)) expect(result).toMatchObject({ code: 'local' });
  await clock.advance(1000);
  const opening = a.open(b);
  await clock.advance(500);
  expect(await opening).toBe(a.linkTo(b));
  expect(a.made.filter((connection) => connection.state !== 'closed')).toHaveLength(1);
});

test('a vanished peer takes its link down once', async () => {
  const [a, b] = await linked();
  a.made[0]!.break('closed');
  await clock.advance(100);
  expect(a.events).toEqual(['down higher closed']);
  expect(a.linkTo(b)).toBeUndefined();
});

test('a link whose connection is gone is not handed out, though nobody has been told: another is opened', async () => {
  const [a, b] = await linked();
  a.made[0]!.break('closed');
  const opening = a.open(b);
  await clock.advance(500);
  expect(await opening).toBe(a.linkTo(b));
  expect(a.events).toEqual(['down higher closed', 'up higher direct']);
  expect(a.made.map(({ state }) => state)).toEqual(['closed', 'open']);
});

test('a newer offer replaces a link that is up, at both ends, though neither knew that it was gone', async () => {
  const [a, b] = await linked();
  await clock.advance(20_000);
  b.made[0]!.break('closed');
  await clock.advance(1);
  const [before] = [a.linkTo(b)];
  const opening = b.open(a);
  await clock.advance(500);
  expect(await opening).toBe(b.linkTo(a));
  expect(a.linkTo(b)).not.toBe(before);
  expect(a.events).toEqual(['down higher closed', 'up higher direct']);
});

test('a change of path shows within five seconds', async () => {
  const [a] = await linked();
  network.options.path = 'turn';
  await clock.advance(5000);
  expect(a.events).toEqual(['path turn']);
});

test('a full queue says so and says when there is room again', async () => {
  const [a, b] = await linked();
  const link = a.linkTo(b)!;
  const results = Array.from({ length: 6 }, () => link.send(new Uint8Array(16 * 1024)));
  expect(results).toEqual([true, true, true, true, false, false]);
  expect(link.send(new Uint8Array(16 * 1024 + 1))).toBe(false);
  await clock.advance(100);
  expect(a.events).toEqual(['writable']);
});

test('bulk channels of both ends meet under the same id', async () => {
  const [a, b] = await linked();
  const [here, there] = [a.linkTo(b)!.openChannel(1, 'bulk'), b.linkTo(a)!.openChannel(1, 'bulk')];
  const got: number[] = [];
  there.onmessage = (event: MessageEvent<ArrayBuffer>) => got.push(event.data.byteLength);
  here.onopen = () => here.send(new Uint8Array(1000));
  await clock.advance(100);
  expect(got).toEqual([1000]);
});

test('a peer does not link to itself', async () => {
  const a = new Peer();
  expect(await a.open(a)).toMatchObject({ code: 'unreachable' });
  expect(a.made).toHaveLength(0);
});

test('junk, mail of other kinds and answers to nothing are counted and dropped', async () => {
  const [a, b] = pairByOrder();
  const send = async (kind: 'signal' | 'app', bytes: Uint8Array): Promise<void> =>
    a.links.receiveSignal(await b.mail.seal(a.contact, kind, bytes, 1000));
  a.links.receiveSignal(new Uint8Array(100));
  await send('app', Uint8Array.of(1));
  await send('signal', Uint8Array.of(1));
  await send('signal', encodeSignal({ kind: 'answer', attempt: '00'.repeat(8), sdp: 'x' }));
  await send('signal', encodeSignal({ kind: 'reject', attempt: '00'.repeat(8), code: 'failed' }));
  await send(
    'signal',
    encodeSignal({ kind: 'offer', attempt: '00'.repeat(8), purposes: ['overlay'], isSpare: false, sdp: 'nonsense' }),
  );
  await clock.advance(100);
  const expected = [
    'signal not-for-us',
    'signal of another kind',
    'signal malformed',
    'answer to nothing',
    'reject of nothing',
    'attempt closed',
  ];
  expect(expected.filter((what) => a.counter(what) !== 1)).toEqual([]);
  expect(a.events).toEqual([]);
});

test('a flood of signals is cut off before it is opened', async () => {
  const a = new Peer();
  for (let i = 0; i < MAX_SIGNALS_IN_WORK + 10; i++) a.links.receiveSignal(new Uint8Array(100));
  expect(a.counter('signal-flood')).toBe(10);
  await clock.advance(10);
  a.links.receiveSignal(new Uint8Array(100));
  expect(a.counter('signal-flood')).toBe(10);
});

test('a handler that throws does not harm the link', async () => {
  const [a, b] = await linked();
  a.onMessage = () => {
    throw new Error('a bug in the node');
  };
  b.linkTo(a)!.send(utf8Encode('x'));
  b.linkTo(a)!.send(utf8Encode('y'));
  await clock.advance(100);
  expect(a.events).toEqual(['heard x', 'heard y']);
  expect(a.counter('handler threw')).toBe(2);
});

test('stopping closes links, attempts and wishes, and leaves no timer behind', async () => {
  const [a, b] = await linked({ ledger: { maxDials: 1 } });
  const others = [new Peer({ name: 'c' }), new Peer({ name: 'd' })];
  const openings = others.map((other) => a.open(other));
  a.links.stop();
  a.links.stop();
  for (const result of await Promise.all([...openings, a.open(b)])) expect(result).toMatchObject({ code: 'local' });
  await clock.advance(100);
  expect(b.events).toEqual(['down lower closed']);
  expect(a.made.every((connection) => connection.state === 'closed')).toBe(true);
  b.links.stop();
  for (const other of others) other.links.stop();
  await clock.advance(1);
  expect(clock.timerCount).toBe(0);
});
