import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes, toHex } from '../../../../shared/src/bytes.ts';
import { MAX_SDP_BYTES } from '../../../../shared/src/limits/links.ts';
import { randomBelow, randomBytes, seededRng } from '../../../../shared/src/machine.ts';
import { vector } from '../../../../shared/test/vectors.ts';
import { type LinkSignal, decodeSignal, encodeSignal } from './signal-codec.ts';
import type { LinkPurpose } from './types.ts';

const attempt = '0102030405060708';
const sdp = 'v=0\r\n';
const examples: [string, LinkSignal][] = [
  ['links/OFFER', { kind: 'offer', attempt, purposes: ['overlay'], isSpare: false, sdp }],
  ['links/OFFER-SPARE', { kind: 'offer', attempt, purposes: ['overlay'], isSpare: true, sdp }],
  ['links/ANSWER', { kind: 'answer', attempt, sdp }],
  ['links/REJECT', { kind: 'reject', attempt, code: 'over-budget' }],
  ['links/REJECT-SPARE', { kind: 'reject', attempt, code: 'not-needed' }],
];

test.each(examples)('%s is what the protocol page shows', (name, signal) => {
  expect(encodeSignal(signal)).toEqual(vector(name));
  expect(decodeSignal(vector(name))).toEqual({ ok: true, value: signal });
});

test('every signal survives the wire', () => {
  const id = fc.uint8Array({ minLength: 8, maxLength: 8 }).map(toHex);
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 500 });
  const purposes = fc.constantFrom<readonly LinkPurpose[]>(['overlay'], ['swarm'], ['overlay', 'swarm']);
  const code = fc.constantFrom('over-budget' as const, 'superseded' as const, 'failed' as const, 'not-needed' as const);
  const signal: fc.Arbitrary<LinkSignal> = fc.oneof(
    fc.record({ kind: fc.constant('offer' as const), attempt: id, purposes, isSpare: fc.boolean(), sdp: text }),
    fc.record({ kind: fc.constant('answer' as const), attempt: id, sdp: text }),
    fc.record({ kind: fc.constant('reject' as const), attempt: id, code }),
  );
  fc.assert(
    fc.property(signal, (one) => {
      expect(decodeSignal(encodeSignal(one))).toEqual({ ok: true, value: one });
    }),
  );
});

test('what is too long, too short, empty or left over is malformed', () => {
  const offer = (length: number): Uint8Array => encodeSignal({ kind: 'answer', attempt, sdp: 'x'.repeat(length) });
  expect(decodeSignal(offer(MAX_SDP_BYTES)).ok).toBe(true);
  const bad = [
    offer(MAX_SDP_BYTES + 1),
    offer(0),
    concatBytes(vector('links/OFFER'), Uint8Array.of(0)),
    vector('links/OFFER').subarray(0, 12),
    Uint8Array.of(),
  ];
  for (const bytes of bad) expect(decodeSignal(bytes)).toEqual({ ok: false, error: 'malformed' });
});

test('unknown types are told from malformed ones, and unknown reject codes read as failed', () => {
  expect(decodeSignal(Uint8Array.of(9, ...new Uint8Array(8)))).toEqual({ ok: false, error: 'unknown-type' });
  const reject = vector('links/REJECT').slice();
  reject[9] = 77;
  expect(decodeSignal(reject)).toEqual({ ok: true, value: { kind: 'reject', attempt, code: 'failed' } });
});

test('100,000 random and mutated signals decode or are refused', () => {
  const rng = seededRng(9);
  const good = examples.map(([name]) => vector(name));
  let decoded = 0;
  for (let i = 0; i < 100_000; i++) {
    const bytes = i % 4 === 0 ? randomBytes(rng, randomBelow(rng, 60)) : good[i % good.length]!.slice();
    for (let j = randomBelow(rng, 3); j > 0 && bytes.length > 0; j--)
      bytes[randomBelow(rng, bytes.length)] = rng.nextUint32();
    const signal = decodeSignal(bytes);
    if (!signal.ok) continue;
    decoded++;
    if (encodeSignal(signal.value).length !== bytes.length) throw new Error(`${toHex(bytes)} encodes otherwise`);
  }
  expect(decoded).toBeGreaterThan(10_000);
});
