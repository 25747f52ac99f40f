import { expect, test } from 'vitest';
import { vector } from '../../test/vectors.ts';
import { utf8Encode } from '../bytes.ts';
import { CONTACT_BYTES, contactFromKey, hashToId } from '../ids.ts';
import { MAX_INTRODUCTIONS, MAX_SIGNAL_BYTES, MAX_TRACKER_PEERS } from '../limits/signaling.ts';
import { type Rng, randomBelow, randomBytes, seededRng } from '../machine.ts';
import {
  decodeAnnounced,
  decodeChallenge,
  decodeDone,
  decodeErrorNotice,
  decodeIntroductions,
  decodeRelayedSignal,
} from './answers.ts';
import { decodeServerConfig } from './config.ts';
import { decodeContacts, encodeContacts } from './contacts.ts';
import { SIGNALING_ERROR_CODES } from './events.ts';
import { joinProof } from './proof.ts';
import { decodeRequest } from './requests.ts';

const key = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const id = hashToId(new Uint8Array([1]));

/** One valid payload for each decoder. */
const VALID: readonly (readonly [string, (value: unknown) => { readonly ok: boolean }, object])[] = [
  ['join', decodeRequest.join, { publicKey: key(1), signature: new Uint8Array(64) }],
  ['introductions', decodeRequest.introductions, {}],
  ['signal', decodeRequest.signal, { to: id, sealed: new Uint8Array(100) }],
  ['announce', decodeRequest.announce, { infoHash: id, event: 'started' }],
  ['leave', decodeRequest.leave, { infoHash: id }],
  ['challenge', decodeChallenge, { version: 1, nonce: key(3), wallNow: 1_800_000_000_000 }],
  ['relayed signal', decodeRelayedSignal, { from: id, sealed: new Uint8Array(100) }],
  ['error notice', decodeErrorNotice, { code: 'full', event: 'join' }],
  ['introduced', decodeIntroductions, { ok: true, introductions: new Uint8Array(2 * CONTACT_BYTES) }],
  ['announced', decodeAnnounced, { ok: true, peers: new Uint8Array(CONTACT_BYTES), intervalMs: 120_000 }],
  ['done', decodeDone, { ok: true }],
  [
    'config',
    decodeServerConfig,
    {
      iceServers: [{ urls: ['turn:127.0.0.1:3478'], username: '1:a', credential: 'b' }],
      iceTtlMs: 600_000,
      lanUrls: ['http://192.168.1.2:8080'],
    },
  ],
];

test.each(VALID)(
  '%s: a valid payload is taken, also with attachments as ArrayBuffer and with fields to come',
  (_, decode, value) => {
    expect(decode(value).ok).toBe(true);
    expect(decode({ ...value, later: 1 }).ok).toBe(true);
    const asBuffers = Object.entries(value).map(([name, field]) => [
      name,
      field instanceof Uint8Array ? field.slice().buffer : field,
    ]);
    expect(decode(Object.fromEntries(asBuffers)).ok).toBe(true);
  },
);

test('decoded bytes are copies: the buffer they came in may be used again', () => {
  const sealed = new Uint8Array([1, 2, 3]);
  const decoded = decodeRequest.signal({ to: id, sealed });
  sealed.fill(9);
  expect(decoded.ok && [...decoded.value.sealed]).toEqual([1, 2, 3]);
});

test('a cap that is passed by one byte is told apart from a wrong form', () => {
  const signal = (length: number): unknown => decodeRequest.signal({ to: id, sealed: new Uint8Array(length) });
  expect(signal(MAX_SIGNAL_BYTES)).toMatchObject({ ok: true });
  expect(signal(MAX_SIGNAL_BYTES + 1)).toEqual({ ok: false, error: 'too-large' });
  expect(signal(0)).toEqual({ ok: false, error: 'malformed' });
  const introduced = (count: number): boolean =>
    decodeIntroductions({ ok: true, introductions: new Uint8Array(count * CONTACT_BYTES) }).ok;
  expect([introduced(MAX_INTRODUCTIONS), introduced(MAX_INTRODUCTIONS + 1)]).toEqual([true, false]);
  const peers = new Uint8Array((MAX_TRACKER_PEERS + 1) * CONTACT_BYTES);
  expect(decodeAnnounced({ ok: true, peers, intervalMs: 120_000 }).ok).toBe(false);
});

test('a refusal keeps its code, and an invented code counts as malformed', () => {
  for (const code of SIGNALING_ERROR_CODES) expect(decodeDone({ ok: false, code })).toEqual({ ok: false, error: code });
  expect(decodeIntroductions({ ok: false, code: 'because' })).toEqual({ ok: false, error: 'malformed' });
  expect(decodeAnnounced(undefined)).toEqual({ ok: false, error: 'malformed' });
});

test('objects built to break a decoder are refused without a throw', () => {
  const thrower = {
    get to(): string {
      throw new Error('to');
    },
    sealed: key(1),
  };
  const proxy = new Proxy(
    {},
    {
      get: () => {
        throw new Error('get');
      },
      has: () => {
        throw new Error('has');
      },
    },
  );
  const fakeBytes = Object.create(Uint8Array.prototype) as unknown;
  const fakeBuffer = Object.create(ArrayBuffer.prototype) as unknown;
  let deep: unknown = [];
  for (let depth = 0; depth < 20_000; depth++) deep = [deep];
  const hostile = [
    thrower,
    proxy,
    { to: id, sealed: fakeBytes },
    { to: id, sealed: fakeBuffer },
    deep,
    { to: deep, sealed: deep },
  ];
  for (const value of hostile) expect(decodeRequest.signal(value)).toEqual({ ok: false, error: 'malformed' });
  const strict = VALID.filter(([name]) => name !== 'introductions');
  for (const [, decode] of strict) expect(decode(proxy).ok).toBe(false);
});

test('a configuration cannot bring in other schemes, endless lists or a life beyond ten minutes', () => {
  const config = VALID.find(([name]) => name === 'config')?.[2] as Record<string, unknown>;
  const refused = [
    { ...config, iceServers: [{ urls: ['http://evil.example'] }] },
    { ...config, iceServers: Array.from({ length: 9 }, () => ({ urls: ['stun:a'] })) },
    { ...config, iceTtlMs: 600_001 },
    { ...config, lanUrls: ['javascript:alert(1)'] },
  ];
  for (const value of refused) expect(decodeServerConfig(value).ok).toBe(false);
});

test('the bytes of a join proof and of packed contacts are those on the protocol page', () => {
  expect(joinProof(key(0x11), key(0x22), 'Skein.example:8080')).toEqual(vector('signaling/JOIN_PROOF'));
  const contacts = [contactFromKey(key(0xa1)), contactFromKey(key(0xb1))];
  expect(encodeContacts(contacts)).toEqual(vector('signaling/CONTACTS'));
  expect(decodeContacts(vector('signaling/CONTACTS'))).toEqual(contacts);
});

test('a proof says which host it is for: no two hosts share one', () => {
  const proof = (host: string): string => joinProof(key(1), key(2), host).join();
  expect(new Set(['a', 'b', 'a:1', 'a:11', ''].map(proof)).size).toBe(5);
  expect(proof('LOCALHOST:80')).toBe(proof('localhost:80'));
});

test.each(VALID)(
  '%s: 100,000 random and mutated payloads are refused or taken, without a throw',
  (_, decode, valid) => {
    const rng = seededRng(20);
    const pool = Array.from({ length: 2_000 }, () => randomValue(rng, 3));
    let refused = 0;
    for (let run = 0; run < 100_000; run++) {
      const value = run % 4 === 0 ? pool[randomBelow(rng, pool.length)] : mutated(rng, valid, pool);
      if (!decode(value).ok) refused++;
    }
    expect(refused).toBeGreaterThan(10_000);
  },
);

test('packed contacts: 100,000 random byte strings are contacts exactly when they are whole ones', () => {
  const rng = seededRng(21);
  const bytes = randomBytes(rng, 3 * CONTACT_BYTES);
  for (let run = 0; run < 100_000; run++) {
    const length = run % 1_000 === 0 ? randomBelow(rng, 4) * CONTACT_BYTES : randomBelow(rng, 3 * CONTACT_BYTES);
    const count = length % CONTACT_BYTES === 0 ? length / CONTACT_BYTES : undefined;
    expect(decodeContacts(bytes.subarray(0, length))?.length).toBe(count);
  }
});

/** A valid payload with one field dropped, replaced or of another type. */
function mutated(rng: Rng, valid: object, pool: readonly unknown[]): unknown {
  const copy: Record<string, unknown> = { ...valid };
  const names = [...Object.keys(copy), 'ok', 'code', '__proto__'];
  const name = names[randomBelow(rng, names.length)] ?? 'ok';
  if (randomBelow(rng, 5) === 0) delete copy[name];
  else copy[name] = pool[randomBelow(rng, pool.length)];
  return copy;
}

function randomValue(rng: Rng, depth: number): unknown {
  switch (randomBelow(rng, depth > 0 ? 16 : 13)) {
    case 0:
      return undefined;
    case 1:
      return null;
    case 2:
      return rng.nextUint32() - 2 ** 31;
    case 3:
      return Number.NaN;
    case 4:
      return Infinity;
    case 5:
      return randomBelow(rng, 2) === 0;
    case 6:
      return String.fromCharCode(...randomBytes(rng, randomBelow(rng, 50)));
    case 7:
      return id;
    case 8:
      return SIGNALING_ERROR_CODES[randomBelow(rng, SIGNALING_ERROR_CODES.length)];
    case 9:
      return randomBytes(rng, [0, 1, 32, 64, 128, 640][randomBelow(rng, 6)] ?? 0);
    case 10:
      return randomBytes(rng, randomBelow(rng, 70)).buffer;
    case 11:
      return new Uint16Array(32);
    case 12:
      return utf8Encode('text');
    case 13:
      return Array.from({ length: randomBelow(rng, 4) }, () => randomValue(rng, depth - 1));
    case 14:
      return (): unknown => randomValue(rng, 0);
    default:
      return { [['to', 'urls', 'code', 'length'][randomBelow(rng, 4)] ?? 'to']: randomValue(rng, depth - 1) };
  }
}
