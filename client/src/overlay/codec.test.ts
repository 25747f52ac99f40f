import { ownedKey } from '../../../shared/src/owned-key.ts';
import { expect, test } from 'vitest';
import { concatBytes } from '../../../shared/src/bytes.ts';
import { contactFromKey, nodeIdFromBytes } from '../../../shared/src/ids.ts';
import { type Rng, randomBelow, randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { vector } from '../../../shared/test/vectors.ts';
import { ContactCache } from './contact-cache.ts';
import { UNKNOWN_PLACE, packPlace } from './coordinates.ts';
import { decodeProviders, encodeProviders } from './provider-list.ts';
import type { MessageId } from './frame-fields.ts';
import { laneFlags } from './lanes.ts';
import * as link from './link-frames.ts';
import * as payloads from './payloads.ts';
import * as recordPayloads from './record-payloads.ts';
import * as reply from './reply-frame.ts';
import * as route from './route-frame.ts';
import * as sync from './sync-payloads.ts';
import { decodeLinks, encodeLinks, goneLink, toldLink } from './told-links.ts';
import type { SignedRecord } from './types.ts';
import { PROBE_WANTS_CONTACTS, decodeProbe, encodeProbe } from './virtual-link-probe.ts';

const cache = new ContactCache();
const ada = contactFromKey(new Uint8Array(32).fill(1));
const bob = contactFromKey(new Uint8Array(32).fill(3));
const key = nodeIdFromBytes(vector('overlay/GET'));
const id: MessageId = String.fromCharCode(0x0123, 0x4567, 0x89ab, 0xcdef);
const hi = new Uint8Array([0x68, 0x69]);

const record: SignedRecord = {
  key,
  author: ada,
  sequence: 1,
  expiresAt: 1_700_000_000_000,
  value: new Uint8Array([1, 2, 3]),
  signature: new Uint8Array(64).fill(9),
};

const salt = new TextEncoder().encode('skein aor');
const owned: SignedRecord = { ...record, key: ownedKey(ada.id, salt), salt };

/** Each codec as bytes of the page, the value they stand for, and both directions. */
const CODECS: readonly {
  name: string;
  value: unknown;
  encode: () => Uint8Array;
  decode: (bytes: Uint8Array) => unknown;
}[] = [
  codec(
    'PING',
    { flags: 1, sequence: 7, rttMs: 140, claim: undefined },
    (v) => link.encodePing(link.FRAME.ping, v),
    link.decodePing,
  ),
  codec(
    'PONG',
    { flags: link.FLAG_CLAIM, sequence: 7, rttMs: 0, claim: { place: packPlace(100, -40, 12), error: 64 } },
    (v) => link.encodePing(link.FRAME.pong, v),
    link.decodePing,
  ),
  codec('BYE', 'leaving' as const, link.encodeBye, link.decodeBye),
  codec(
    'CONTACTS',
    { flags: 3, contacts: [{ contact: bob, age: 5, place: packPlace(100, -40, 12) }] },
    link.encodeContacts,
    (b) => link.decodeContacts(b, cache),
  ),
  codec(
    'LINKS',
    { isWhole: true, links: [toldLink(0x030303ff, 140), goneLink(toldLink(0xfffffe01, 8))] },
    encodeLinks,
    decodeLinks,
  ),
  codec('ACK', { id, status: 'unreachable' as const }, link.encodeAck, link.decodeAck),
  codec(
    'ROUTE',
    {
      id,
      hops: 2,
      flags: route.ROUTE_EXACT,
      lifetimeMs: 5000,
      kind: route.ROUTE_KIND.deliver,
      detours: 0,
      target: bob.id,
      origin: ada,
      via: [key],
      payload: payloads.encodeDeliver({ protocol: 'signal', delivery: id, referrers: [bob.id], body: hi }),
    },
    route.encodeRoute,
    (b) => route.decodeRoute(b, cache),
  ),
  codec(
    'ROUTE_LANE',
    {
      id,
      hops: 1,
      flags: laneFlags(5, 8),
      lifetimeMs: 10_000,
      kind: route.ROUTE_KIND.find,
      detours: 0,
      target: key,
      origin: ada,
      via: [],
      payload: payloads.encodeFind({ key, referrers: [] }),
    },
    route.encodeRoute,
    (b) => route.decodeRoute(b, cache),
  ),
  codec(
    'REPLY',
    {
      id,
      status: 'ok' as const,
      hops: 2,
      payload: new Uint8Array([8]),
      closest: [{ contact: bob, age: 0, place: UNKNOWN_PLACE }],
      trail: [
        { id: bob.id, samples: [] },
        { id: key, samples: [{ contact: ada, age: 1, place: packPlace(-1020, 1020, 252) }] },
      ],
    },
    reply.encodeReply,
    (b) => reply.decodeReply(b, cache),
  ),
  codec('PROBE', PROBE_WANTS_CONTACTS, encodeProbe, decodeProbe),
  codec('WRITTEN_BACK', { from: bob, body: hi }, payloads.encodeWrittenBack, (b) =>
    payloads.decodeWrittenBack(b, cache),
  ),
  codec('FIND', { key, referrers: [bob.id] }, payloads.encodeFind, payloads.decodeFind),
  codec('STORE', { options: { token: id, expectedSequence: 7 }, record }, recordPayloads.encodeStore, (b) =>
    recordPayloads.decodeStore(b, cache),
  ),
  codec('STORE_OWNED', { options: {}, record: owned }, recordPayloads.encodeStore, (b) =>
    recordPayloads.decodeStore(b, cache),
  ),
  codec('GET', { key, subject: 'providers' as const, isFresh: false }, payloads.encodeGet, payloads.decodeGet),
  codec('GET_HOLDERS', { key, subject: 'providers' as const, isFresh: true }, payloads.encodeGet, payloads.decodeGet),
  codec(
    'READ',
    { token: id, copyAgeMs: undefined, body: encodeProviders([ada]) },
    payloads.encodeRead,
    payloads.decodeRead,
  ),
  codec(
    'COPY',
    { token: undefined, copyAgeMs: 1234, body: recordPayloads.encodeRecord(record) },
    payloads.encodeRead,
    payloads.decodeRead,
  ),
  codec(
    'PUBLISH',
    { key, notes: [{ provider: ada, ttlSeconds: 600, removal: id }], token: id },
    recordPayloads.encodePublish,
    (b) => recordPayloads.decodePublish(b, cache),
  ),
  codec(
    'SYNC',
    { kind: 'digest' as const, salt: 0xdeadbeef, hashes: Array.from({ length: 16 }, (_, i) => i) },
    sync.encodeSync,
    sync.decodeSync,
  ),
  codec(
    'WANTED',
    { kind: 'wanted' as const, names: [{ kind: 'record' as const, key }] },
    sync.encodeSync,
    sync.decodeSync,
  ),
  codec(
    'OFFERED',
    { kind: 'offered' as const, items: [{ kind: 'owned' as const, key, version: 7 }] },
    sync.encodeSync,
    sync.decodeSync,
  ),
  codec(
    'SYNC_ANSWER',
    {
      parts: 0x8001,
      items: [
        { kind: 'record' as const, key, version: 7 },
        { kind: 'providers' as const, key, version: 0x123456789abc },
      ],
    },
    sync.encodeSyncAnswer,
    sync.decodeSyncAnswer,
  ),
  codec('UNPUBLISH', { key, provider: ada, secret: id }, recordPayloads.encodeUnpublish, (b) =>
    recordPayloads.decodeUnpublish(b, cache),
  ),
];

function codec<T>(name: string, value: T, encode: (value: T) => Uint8Array, decode: (bytes: Uint8Array) => unknown) {
  return { name, value, encode: () => encode(value), decode };
}

test.each(CODECS)('$name reads and writes the bytes of the protocol page', ({ name, value, encode, decode }) => {
  const bytes = vector(`overlay/${name}`);
  expect(encode()).toEqual(bytes);
  expect(decode(bytes)).toEqual(value);
});

/** What follows their header is as long as the frame. */
const RUN_TO_THE_END = new Set(['ROUTE', 'ROUTE_LANE', 'REPLY', 'READ', 'COPY', 'SYNC_ANSWER', 'WRITTEN_BACK']);

test.each(CODECS.filter(({ name }) => !RUN_TO_THE_END.has(name)))(
  '$name cut short anywhere is refused',
  ({ name, decode }) => {
    const bytes = vector(`overlay/${name}`);
    const read = Array.from(bytes, (_, length) => decode(bytes.subarray(0, length))).filter(
      (value) => value !== undefined,
    );
    expect(read).toEqual([]);
  },
);

test('a delivery keeps its body after the received bytes are overwritten', () => {
  const bytes = payloads.encodeDeliver({ protocol: 'call', delivery: id, referrers: [], body: hi });
  const decoded = payloads.decodeDeliver(bytes);
  bytes.fill(0);
  expect(decoded).toEqual({ protocol: 'call', delivery: id, referrers: [], body: hi });
});

test('the next hop sees the patched fields, the rest of the path, and the same payload', () => {
  const bytes = vector('overlay/ROUTE');
  const before = route.decodeRoute(bytes, cache);
  const after = route.decodeRoute(route.patchRoute(bytes, 3, 4000, 1, 1), cache);
  expect(after).toEqual({ ...before, hops: 3, lifetimeMs: 4000, detours: 1, via: [] });
});

test('a hop that appends itself to a reply leaves everything else as it was', () => {
  const bytes = vector('overlay/REPLY');
  const before = reply.decodeReply(bytes, cache);
  const hop = { id: ada.id, samples: [{ contact: bob, age: 3, place: UNKNOWN_PLACE }] };
  expect(reply.decodeReply(reply.appendHop(bytes, hop), cache)).toEqual({
    ...before,
    trail: [...(before?.trail ?? []), hop],
  });
});

test('what a record signs covers every field and differs from what travels', () => {
  const signed = recordPayloads.recordSignedBytes(record);
  expect(new TextDecoder().decode(signed.subarray(0, 14))).toBe('skein record 3');
  const changes = [
    { key: ada.id },
    { author: bob },
    { salt },
    { sequence: 2 },
    { expiresAt: 1 },
    { value: new Uint8Array([1]) },
  ];
  for (const change of changes) expect(recordPayloads.recordSignedBytes({ ...record, ...change })).not.toEqual(signed);
});

test('an announcement that would live too long is refused', () => {
  const bytes = recordPayloads.encodePublish({
    key,
    notes: [{ provider: ada, ttlSeconds: 601, removal: id }],
    token: undefined,
  });
  expect(recordPayloads.decodePublish(bytes, cache)).toBeUndefined();
});

test('no decoder throws on 100,000 random and mutated inputs', () => {
  const rng = seededRng(11);
  const deliver = payloads.encodeDeliver({ protocol: 'app', delivery: id, referrers: [], body: hi });
  const all = [
    ...CODECS.map(({ name, decode }) => ({ seed: vector(`overlay/${name}`), decode })),
    { seed: deliver, decode: payloads.decodeDeliver },
    { seed: new Uint8Array([0]), decode: (bytes: Uint8Array) => decodeProviders(bytes, cache) },
  ];
  for (const { seed, decode } of all) {
    let accepted = 0;
    for (let i = 0; i < 100_000; i++) {
      const decoded = decode(i % 2 === 0 ? mutated(seed, rng) : randomBytes(rng, randomBelow(rng, 80)));
      if (decoded !== undefined) accepted++;
    }
    expect(accepted).toBeGreaterThan(0);
  }
}, 120_000);

function mutated(seed: Uint8Array, rng: Rng): Uint8Array {
  const bytes = seed.slice(0, rng.nextUint32() % 4 === 0 ? randomBelow(rng, seed.length + 1) : seed.length);
  for (let flips = randomBelow(rng, 4); flips > 0 && bytes.length > 0; flips--) {
    const at = randomBelow(rng, Math.min(bytes.length, rng.nextUint32() % 2 === 0 ? 16 : bytes.length));
    bytes[at] = rng.nextUint32() & 0xff;
  }
  return rng.nextUint32() % 8 === 0 ? concatBytes(bytes, randomBytes(rng, 5)) : bytes;
}
