import { type Rng, randomBelow, randomBytes } from '../../shared/src/machine.ts';
import { hashToId } from '../../shared/src/ids.ts';
import * as answers from '../../shared/src/signaling/answers.ts';
import { decodeServerConfig } from '../../shared/src/signaling/config.ts';
import { decodeRequest } from '../../shared/src/signaling/requests.ts';
import { at } from '../src/swarm/test/at.ts';
import type { FuzzTarget } from './target.ts';

const id = hashToId(Uint8Array.of(1));
const key = new Uint8Array(32);
const contacts = new Uint8Array(128);

/** Valid payloads, to be spoilt. */
const SAMPLES: readonly Readonly<Record<string, unknown>>[] = [
  { publicKey: key, signature: new Uint8Array(64) },
  { to: id, sealed: new Uint8Array(100) },
  { from: id, sealed: new Uint8Array(100) },
  { infoHash: id, event: 'started' },
  { version: 1, nonce: key },
  { code: 'full', event: 'join' },
  { ok: true, introductions: contacts },
  { ok: true, peers: contacts, intervalMs: 120_000 },
  { ok: false, code: 'full' },
  {
    iceServers: [{ urls: ['turn:127.0.0.1:3478'], username: '1:a', credential: 'b' }],
    iceTtlMs: 600_000,
    lanUrls: ['http://192.168.1.2:8080'],
  },
];

const DECODERS: readonly ((value: unknown) => { readonly ok: boolean })[] = [
  ...Object.values(decodeRequest),
  answers.decodeChallenge,
  answers.decodeRelayedSignal,
  answers.decodeErrorNotice,
  answers.decodeIntroductions,
  answers.decodeAnnounced,
  answers.decodeDone,
  decodeServerConfig,
];

/** Payloads of socket.io events: values of any type, near to those that are valid. Every decoder takes each. */
export const signalingTarget: FuzzTarget = {
  name: 'signaling',
  weight: 1,
  roundInputs: 50,
  leastAccepted: 5,
  round(rng) {
    let accepted = 0;
    for (let i = 0; i < 50; i++) {
      const value = spoil(rng, at(SAMPLES, randomBelow(rng, SAMPLES.length)));
      if (DECODERS.filter((decode) => decode(value).ok).length > 0) accepted++;
    }
    return accepted;
  },
};

function spoil(rng: Rng, sample: Readonly<Record<string, unknown>>): unknown {
  if (randomBelow(rng, 10) === 0) return anything(rng, 0);
  const entries = Object.entries(sample).filter(() => randomBelow(rng, 8) > 0);
  const spoilt = entries.map(([name, value]): [string, unknown] => [
    randomBelow(rng, 20) === 0 ? at(NAMES, randomBelow(rng, NAMES.length)) : name,
    randomBelow(rng, 4) === 0 ? anything(rng, 0) : value,
  ]);
  return Object.fromEntries(spoilt);
}

const NAMES = ['__proto__', 'constructor', 'ok', 'toString', ''];

function anything(rng: Rng, depth: number): unknown {
  const list = (): unknown[] => Array.from({ length: randomBelow(rng, 5) }, () => anything(rng, depth + 1));
  switch (randomBelow(rng, depth < 3 ? 12 : 9)) {
    case 0:
      return undefined;
    case 1:
      return null;
    case 2:
      return randomBelow(rng, 2) === 0;
    case 3:
      return at([0, -1, 1.5, Number.NaN, Infinity, 2 ** 53, 120_000], randomBelow(rng, 7));
    case 4:
      return at(['', id, id.toUpperCase(), 'started', 'full', '\ud800', 'x'.repeat(5000)], randomBelow(rng, 7));
    case 5:
      return randomBytes(rng, at([0, 1, 31, 32, 33, 64, 65, 128, 640], randomBelow(rng, 9)));
    case 6:
      return randomBytes(rng, 64).buffer;
    case 7:
      return new DataView(new ArrayBuffer(8));
    case 8:
      return new Map([[1, 2]]);
    case 9:
      return list();
    case 10:
      return Object.fromEntries(list().map((value, i) => [at(NAMES, i % NAMES.length), value]));
    default:
      return { urls: list(), username: anything(rng, depth + 1) };
  }
}
