import { expect, test } from 'vitest';
import { toHex, utf8Encode } from '../../../shared/src/bytes.ts';
import { MAX_CANDIDATES, MAX_MEDIA_PAYLOAD_BYTES, MAX_SDP_BYTES } from '../../../shared/src/limits/calls.ts';
import { randomBelow, randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { vector } from '../../../shared/test/vectors.ts';
import { decodeMediaPayload, encodeMediaPayload, type Candidate, type MediaPayload } from './media-payload.ts';

const candidate: Candidate = {
  candidate: 'candidate:1 1 udp 2113937151 192.0.2.1 5000 typ host',
  sdpMid: '0',
  sdpMLineIndex: 0,
  usernameFragment: 'uAbC',
};

function encoded(payload: MediaPayload): Uint8Array {
  const bytes = encodeMediaPayload(payload);
  if (!bytes) throw new Error('over its caps');
  return bytes;
}

test('a description and candidates are written and read as the protocol page shows them', () => {
  const offer: MediaPayload = { kind: 'offer', sdp: 'v=0\r\n' };
  expect(toHex(encoded(offer))).toBe(toHex(vector('calls/payload-offer')));
  expect(decodeMediaPayload(vector('calls/payload-offer'))).toEqual(offer);
  const candidates: MediaPayload = { kind: 'candidates', candidates: [candidate] };
  expect(toHex(encoded(candidates))).toBe(toHex(vector('calls/payload-candidates')));
  expect(decodeMediaPayload(vector('calls/payload-candidates'))).toEqual(candidates);
});

test('a candidate without mid, index and fragment, and the end of candidates, come back as they were', () => {
  const payload: MediaPayload = {
    kind: 'candidates',
    candidates: [{ candidate: '', sdpMid: null, sdpMLineIndex: null, usernameFragment: null }],
  };
  expect(decodeMediaPayload(encoded(payload))).toEqual(payload);
});

test('the largest description and the most candidates fit one media message, and more is refused on both sides', () => {
  const largest = encoded({ kind: 'answer', sdp: 'x'.repeat(MAX_SDP_BYTES) });
  expect(largest.length).toBeLessThanOrEqual(MAX_MEDIA_PAYLOAD_BYTES);
  expect(decodeMediaPayload(largest)).toBeDefined();
  expect(encodeMediaPayload({ kind: 'offer', sdp: 'x'.repeat(MAX_SDP_BYTES + 1) })).toBeUndefined();
  expect(decodeMediaPayload(new Uint8Array([...largest, 0x78]))).toBeUndefined();

  const many = Array.from({ length: MAX_CANDIDATES }, () => ({ ...candidate, candidate: 'c'.repeat(384) }));
  expect(encoded({ kind: 'candidates', candidates: many }).length).toBeLessThanOrEqual(MAX_MEDIA_PAYLOAD_BYTES);
  expect(encodeMediaPayload({ kind: 'candidates', candidates: [...many, candidate] })).toBeUndefined();
  expect(
    encodeMediaPayload({ kind: 'candidates', candidates: [{ ...candidate, candidate: 'c'.repeat(385) }] }),
  ).toBeUndefined();
});

test('a mid or fragment of more bytes than a tag may have is refused on both sides, however few its letters are', () => {
  const payloadOf = (change: Partial<Candidate>): MediaPayload => {
    return { kind: 'candidates', candidates: [{ ...candidate, ...change }] };
  };
  const [fits, tooLong] = ['é'.repeat(32), 'é'.repeat(33)];
  for (const tag of ['sdpMid', 'usernameFragment'] as const) {
    expect(decodeMediaPayload(encoded(payloadOf({ [tag]: fits })))).toEqual(payloadOf({ [tag]: fits }));
    expect(encodeMediaPayload(payloadOf({ [tag]: tooLong }))).toBeUndefined();
  }
  const line = [3, 1, 0, 1, 0x78, 0];
  const tag = [66, ...utf8Encode(tooLong)];
  expect(decodeMediaPayload(new Uint8Array([...line, ...tag, 0]))).toBeUndefined();
  expect(decodeMediaPayload(new Uint8Array([...line, 0, ...tag]))).toBeUndefined();
});

test('100,000 random and mutated payloads decode without a throw', () => {
  const rng = seededRng(2);
  const seeds = [vector('calls/payload-offer'), vector('calls/payload-candidates')];
  let decodedCount = 0;
  for (let i = 0; i < 100_000; i++) {
    const seed = seeds[i % 2] as Uint8Array;
    const bytes = i % 5 === 0 ? randomBytes(rng, randomBelow(rng, 80)) : seed.slice();
    if (bytes.length > 0) bytes[randomBelow(rng, bytes.length)] = randomBelow(rng, 256);
    if (decodeMediaPayload(bytes)) decodedCount++;
  }
  expect(decodedCount).toBeGreaterThan(1000);
});
