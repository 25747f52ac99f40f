import { describe, expect, test } from 'vitest';
import { toHex } from '../../../shared/src/bytes.ts';
import type { NodeId } from '../../../shared/src/ids.ts';
import { MAX_CALL_MESSAGE_BYTES } from '../../../shared/src/limits/calls.ts';
import { randomBelow, randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { vector } from '../../../shared/test/vectors.ts';
import { decodeCallMessage, encodeCallMessage } from './codec.ts';
import type { CallMessage } from './types.ts';

const callId = '000102030405060708090a0b0c0d0e0f';
const address = '202122232425262728292a2b2c2d2e2f30313233' as NodeId;
const both = { audio: true, video: true };
const audioOnly = { audio: true, video: false };

const examples: readonly CallMessage[] = [
  { kind: 'INVITE', callId, address, media: both, name: 'Amber Otter', ageMs: 500 },
  { kind: 'response', callId, code: 200, media: audioOnly, name: 'Blue Heron' },
  { kind: 'ACK', callId },
  { kind: 'CANCEL', callId, reason: 'no-answer' },
  { kind: 'BYE', callId, reason: 'user-hangup' },
  { kind: 'done', callId },
  { kind: 'media', callId, sequence: 0, payload: vector('calls/payload-offer') },
  { kind: 'mediaAck', callId, sequence: 1 },
  { kind: 'muted', callId, sequence: 7, muted: audioOnly },
];

describe.each(examples.map((message) => [message.kind, message] as const))('%s', (kind, message) => {
  test('is written and read as the protocol page shows it', () => {
    expect(toHex(encodeCallMessage(message))).toBe(toHex(vector(`calls/${kind}`)));
    expect(decodeCallMessage(vector(`calls/${kind}`))).toEqual({ ok: true, value: message });
  });

  test('is malformed when its head is cut short, and, except for a payload, when a byte is added', () => {
    const bytes = encodeCallMessage(message);
    expect(decodeCallMessage(bytes.subarray(0, 17)).ok).toBe(false);
    expect(decodeCallMessage(new Uint8Array([...bytes, 0])).ok).toBe(kind === 'media');
  });
});

test('a message of another version or type is unknown, not malformed', () => {
  const bytes = encodeCallMessage({ kind: 'ACK', callId });
  expect(decodeCallMessage(bytes.with(0, 1))).toEqual({ ok: false, error: 'unknown' });
  expect(decodeCallMessage(bytes.with(0, 3))).toEqual({ ok: false, error: 'unknown' });
  expect(decodeCallMessage(bytes.with(1, 10))).toEqual({ ok: false, error: 'unknown' });
  expect(decodeCallMessage(bytes.with(1, 0))).toEqual({ ok: false, error: 'unknown' });
});

test('the largest message is read and one byte more is refused', () => {
  const head = encodeCallMessage({ kind: 'media', callId, sequence: 3, payload: new Uint8Array(0) });
  const largest = new Uint8Array(MAX_CALL_MESSAGE_BYTES);
  largest.set(head);
  expect(decodeCallMessage(largest).ok).toBe(true);
  expect(decodeCallMessage(new Uint8Array([...largest, 0]))).toEqual({ ok: false, error: 'too-large' });
});

test('names over 64 bytes, response codes and reasons outside the lists, and stray media bits are malformed', () => {
  const long = encodeCallMessage({ kind: 'INVITE', callId, address, media: both, name: 'x'.repeat(65), ageMs: 0 });
  expect(decodeCallMessage(long).ok).toBe(false);
  expect(decodeCallMessage(vector('calls/response').with(19, 201)).ok).toBe(false);
  expect(decodeCallMessage(vector('calls/CANCEL').with(18, 3)).ok).toBe(false);
  expect(decodeCallMessage(vector('calls/BYE').with(18, 9)).ok).toBe(false);
  expect(decodeCallMessage(vector('calls/muted').with(22, 4)).ok).toBe(false);
});

test('200,000 random and mutated messages decode without a throw, and what decodes encodes to the same bytes', () => {
  const rng = seededRng(1);
  const seeds = examples.map(encodeCallMessage);
  const changed: string[] = [];
  let decodedCount = 0;
  for (let i = 0; i < 200_000; i++) {
    const bytes = i % 4 === 0 ? randomBytes(rng, randomBelow(rng, 64)) : mutate(seeds[i % seeds.length] as Uint8Array);
    const decoded = decodeCallMessage(bytes);
    if (!decoded.ok) continue;
    decodedCount++;
    if (toHex(encodeCallMessage(decoded.value)) !== toHex(bytes)) changed.push(toHex(bytes));
  }
  expect(changed).toEqual([]);
  expect(decodedCount).toBeGreaterThan(1000);

  function mutate(seed: Uint8Array): Uint8Array {
    const copy = seed.slice(0, randomBelow(rng, 4) === 0 ? randomBelow(rng, seed.length + 1) : seed.length);
    for (let n = randomBelow(rng, 3); n >= 0 && copy.length > 0; n--) {
      copy[randomBelow(rng, copy.length)] = randomBelow(rng, 256);
    }
    return copy;
  }
});
