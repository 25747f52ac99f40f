import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from '../../../../shared/src/bytes.ts';
import type { NodeId } from '../../../../shared/src/ids.ts';
import { LINK_VERSION, MAX_EARLY_BYTES, MAX_EARLY_FRAMES } from '../../../../shared/src/limits/links.ts';
import { randomBelow, randomBytes, seededRng } from '../../../../shared/src/machine.ts';
import { vector } from '../../../../shared/test/vectors.ts';
import { PortableCrypto } from '../../adapters/portable/portable-crypto.ts';
import { decodeHandshakeFrame, encodeHello, encodeProof, proofBytes } from './handshake-codec.ts';
import { Handshake, type HandshakeOutput } from './handshake.ts';

const filled = (value: number, length = 32): Uint8Array => new Uint8Array(length).fill(value);
const peer = (seed: number): PortableCrypto => new PortableCrypto({ seed: filled(seed) });
const otter = peer(1);
const wren = peer(3);
const mallory = peer(5);

/** What the clock of either side shows. [ms since the epoch] */
const NOON = 1_800_000_000_000;

interface Side {
  readonly crypto: PortableCrypto;
  readonly machine: Handshake;
  readonly sent: Uint8Array[];
  readonly log: HandshakeOutput[];
}

function createSide(
  crypto: PortableCrypto,
  role: 'offerer' | 'answerer',
  expected: NodeId,
  local: number,
  remote: number,
): Side {
  const machine = new Handshake({
    role,
    self: crypto.self,
    name: role,
    nonce: filled(local + 0x10),
    wallNow: NOON,
    expected,
    fingerprints: { local: filled(local), remote: filled(remote) },
  });
  return { crypto, machine, sent: [], log: [] };
}

/** Carries out what the machine wants, except that frames are collected in `sent`. */
async function feed(side: Side, input: Parameters<Handshake['handle']>[0]): Promise<void> {
  const out: HandshakeOutput[] = [];
  side.machine.handle(input, 0, out);
  for (const output of out) {
    side.log.push(output);
    if (output.kind === 'send') side.sent.push(output.bytes);
    else if (output.kind === 'sign')
      await feed(side, { kind: 'signed', signature: await side.crypto.sign(output.message) });
    else if (output.kind === 'verify') {
      const isValid = await side.crypto.verify(output.publicKey, output.message, output.signature);
      await feed(side, { kind: 'verified', isValid });
    }
  }
}

/** Exchanges frames until nothing moves; `change` sees each frame on its way. */
async function run(
  a: Side,
  b: Side,
  change: (bytes: Uint8Array, from: Side) => Uint8Array = (bytes) => bytes,
): Promise<void> {
  await feed(a, { kind: 'opened' });
  await feed(b, { kind: 'opened' });
  while (a.sent.length + b.sent.length > 0) {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      for (const bytes of from.sent.splice(0)) await feed(to, { kind: 'received', bytes: change(bytes, from) });
    }
  }
}

function verdict(side: Side): string {
  const last = side.log.find((output) => output.kind === 'accepted' || output.kind === 'refused');
  return last?.kind === 'refused' ? last.code : (last?.kind ?? 'waiting');
}

test('two peers on one connection accept each other and learn keys, names and clocks', async () => {
  const a = createSide(otter, 'offerer', wren.self.id, 0x11, 0x12);
  const b = createSide(wren, 'answerer', otter.self.id, 0x12, 0x11);
  await run(a, b);
  expect([verdict(a), verdict(b)]).toEqual(['accepted', 'accepted']);
  const hello = { kind: 'hello', wallNow: NOON } as const;
  expect(a.log.at(-1)).toEqual({
    kind: 'accepted',
    theirs: { ...hello, contact: wren.self, nonce: filled(0x22), name: 'answerer' },
    early: [],
  });
  expect(b.log.at(-1)).toEqual({
    kind: 'accepted',
    theirs: { ...hello, contact: otter.self, nonce: filled(0x21), name: 'offerer' },
    early: [],
  });
});

test('one who forwards every frame over two connections of its own is refused by both', async () => {
  const middle = 0x99;
  const a = createSide(otter, 'offerer', wren.self.id, 0x11, middle);
  const b = createSide(wren, 'answerer', otter.self.id, 0x12, middle);
  await run(a, b);
  expect([verdict(a), verdict(b)]).toEqual(['bad-proof', 'bad-proof']);
});

test('a peer other than the one that was dialled is refused before it is asked for a proof', async () => {
  const a = createSide(otter, 'offerer', wren.self.id, 0x11, 0x12);
  const b = createSide(mallory, 'answerer', otter.self.id, 0x12, 0x11);
  await run(a, b);
  expect(verdict(a)).toBe('wrong-peer');
  expect(a.log.some((output) => output.kind === 'sign')).toBe(false);
});

test('keys that are not its own do not help a peer', async () => {
  const a = createSide(otter, 'offerer', wren.self.id, 0x11, 0x12);
  const b = createSide(mallory, 'answerer', otter.self.id, 0x12, 0x11);
  await run(a, b, (bytes, from) =>
    from === b && bytes[1] === 1
      ? encodeHello({ contact: wren.self, nonce: filled(0x22), wallNow: NOON, name: 'answerer' })
      : bytes,
  );
  expect(verdict(a)).toBe('bad-proof');
});

test('our own frames sent back to us are refused', async () => {
  const a = createSide(otter, 'offerer', otter.self.id, 0x11, 0x11);
  await feed(a, { kind: 'opened' });
  await feed(a, { kind: 'received', bytes: a.sent[0]! });
  expect(verdict(a)).toBe('wrong-peer');
});

test('the name is part of what is proven', async () => {
  const a = createSide(otter, 'offerer', wren.self.id, 0x11, 0x12);
  const b = createSide(wren, 'answerer', otter.self.id, 0x12, 0x11);
  await run(a, b, (bytes, from) =>
    from === b && bytes[1] === 1
      ? encodeHello({ contact: wren.self, nonce: filled(0x22), wallNow: NOON, name: 'the bank' })
      : bytes,
  );
  expect(verdict(a)).toBe('bad-proof');
});

test('another version is refused as such, whatever follows it', async () => {
  const a = createSide(otter, 'offerer', wren.self.id, 0x11, 0x12);
  await feed(a, { kind: 'opened' });
  await feed(a, { kind: 'received', bytes: Uint8Array.of(0, 1, LINK_VERSION + 1, 99) });
  expect(verdict(a)).toBe('version');
});

test('an application frame before the proof ends the handshake', async () => {
  for (const isAfterHello of [false, true]) {
    const a = createSide(otter, 'offerer', wren.self.id, 0x11, 0x12);
    await feed(a, { kind: 'opened' });
    const hello = encodeHello({ contact: wren.self, nonce: filled(0x22), wallNow: NOON, name: '' });
    if (isAfterHello) await feed(a, { kind: 'received', bytes: hello });
    await feed(a, { kind: 'received', bytes: Uint8Array.of(1, 2, 3) });
    expect(verdict(a)).toBe('unexpected-frame');
  }
});

/** A side that has received a valid PROOF whose verification has not finished. */
async function verifying(): Promise<Side> {
  const a = createSide(otter, 'offerer', wren.self.id, 0x11, 0x12);
  const out: HandshakeOutput[] = [];
  a.machine.handle({ kind: 'opened' }, 0, out);
  a.machine.handle(
    { kind: 'received', bytes: encodeHello({ contact: wren.self, nonce: filled(0x22), wallNow: NOON, name: 'wren' }) },
    0,
    out,
  );
  a.machine.handle({ kind: 'received', bytes: encodeProof(filled(0, 64)) }, 0, out);
  expect(out.map((output) => output.kind)).toEqual(['send', 'sign', 'verify']);
  return a;
}

test('frames that come while the proof is verified are kept in order and given out with the verdict', async () => {
  const a = await verifying();
  await feed(a, { kind: 'received', bytes: Uint8Array.of(1) });
  await feed(a, { kind: 'received', bytes: Uint8Array.of(2) });
  await feed(a, { kind: 'verified', isValid: true });
  expect(a.log).toEqual([]);
  await feed(a, { kind: 'signed', signature: filled(7, 64) });
  expect(a.log.map((output) => output.kind)).toEqual(['send', 'accepted']);
  expect(a.log.at(-1)).toMatchObject({ early: [Uint8Array.of(1), Uint8Array.of(2)] });
});

test('frames of a peer whose proof fails are given to nobody', async () => {
  const a = await verifying();
  await feed(a, { kind: 'received', bytes: Uint8Array.of(1) });
  await feed(a, { kind: 'verified', isValid: false });
  await feed(a, { kind: 'verified', isValid: true });
  await feed(a, { kind: 'signed', signature: filled(7, 64) });
  expect(a.log).toEqual([{ kind: 'refused', code: 'bad-proof' }]);
});

test('more frames than are held end the handshake, counted and weighed', async () => {
  const many = await verifying();
  for (let i = 0; i < MAX_EARLY_FRAMES; i++) await feed(many, { kind: 'received', bytes: Uint8Array.of(1) });
  expect(verdict(many)).toBe('waiting');
  await feed(many, { kind: 'received', bytes: Uint8Array.of(1) });
  expect(verdict(many)).toBe('too-many-frames');
  const heavy = await verifying();
  await feed(heavy, { kind: 'received', bytes: new Uint8Array(MAX_EARLY_BYTES) });
  expect(verdict(heavy)).toBe('waiting');
  await feed(heavy, { kind: 'received', bytes: Uint8Array.of(1) });
  expect(verdict(heavy)).toBe('too-many-frames');
});

test('without a signature of ours the link is given up', async () => {
  const a = await verifying();
  await feed(a, { kind: 'signed', signature: undefined });
  expect(verdict(a)).toBe('no-signature');
});

test('the frames of the protocol page are those of its peers', async () => {
  const offerer = { id: otter.self.id, fingerprint: filled(0x11), nonce: filled(0x21), name: 'amber otter' };
  const answerer = { id: wren.self.id, fingerprint: filled(0x12), nonce: filled(0x22), name: 'blue wren' };
  const hello = { contact: otter.self, nonce: filled(0x21), wallNow: NOON, name: 'amber otter' };
  expect(encodeHello(hello)).toEqual(vector('links/HELLO'));
  expect(decodeHandshakeFrame(vector('links/HELLO'))).toEqual({ ok: true, value: { kind: 'hello', ...hello } });
  const proven = proofBytes('offerer', offerer, answerer);
  expect(proven).toEqual(vector('links/PROVEN'));
  expect(encodeProof(await otter.sign(proven))).toEqual(vector('links/PROOF'));
});

test('a name longer than the limit is malformed', () => {
  const hello = (name: string): ReturnType<typeof decodeHandshakeFrame> =>
    decodeHandshakeFrame(encodeHello({ contact: otter.self, nonce: filled(1), wallNow: NOON, name }));
  expect(hello('ö'.repeat(32)).ok).toBe(true);
  expect(hello('ö'.repeat(32) + 'x')).toEqual({ ok: false, error: 'malformed' });
});

test('100,000 random and mutated frames decode or are refused, and what decodes encodes again', () => {
  const rng = seededRng(3);
  const good = [vector('links/HELLO'), vector('links/PROOF')];
  for (let i = 0; i < 100_000; i++) {
    const base =
      i % 3 === 0
        ? randomBytes(rng, randomBelow(rng, 180))
        : good[i % 2]!.slice(0, i % 3 === 1 ? undefined : randomBelow(rng, 130));
    if (base.length > 0) base[randomBelow(rng, base.length)] = rng.nextUint32();
    const frame = decodeHandshakeFrame(base);
    if (!frame.ok) continue;
    const again = frame.value.kind === 'hello' ? encodeHello(frame.value) : encodeProof(frame.value.signature);
    if (toHex(again) !== toHex(base)) throw new Error(`${toHex(base)} encodes otherwise`);
  }
});

test('whatever comes in whatever order, there is one verdict and acceptance needs both proofs', () => {
  const step = fc.oneof(
    fc.constant({ kind: 'opened' as const }),
    fc
      .constantFrom(
        vector('links/PROOF'),
        encodeHello({ contact: wren.self, nonce: filled(0x22), wallNow: NOON, name: '' }),
        Uint8Array.of(1, 2),
      )
      .map((bytes) => ({ kind: 'received' as const, bytes })),
    fc.constantFrom(filled(1, 64), undefined).map((signature) => ({ kind: 'signed' as const, signature })),
    fc.boolean().map((isValid) => ({ kind: 'verified' as const, isValid })),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const { machine } = createSide(otter, 'offerer', wren.self.id, 0x11, 0x12);
      const out: HandshakeOutput[] = [];
      for (const input of steps) machine.handle(input, 0, out);
      const kinds = out.map((output) => output.kind);
      const final = kinds.filter((kind) => kind === 'accepted' || kind === 'refused');
      expect(final).toEqual(final.length === 0 ? [] : [kinds.at(-1)]);
      const isProven =
        kinds.filter((kind) => kind === 'send').length === 2 &&
        kinds.includes('verify') &&
        steps.some((input) => input.kind === 'verified' && input.isValid);
      expect(isProven || !kinds.includes('accepted')).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
