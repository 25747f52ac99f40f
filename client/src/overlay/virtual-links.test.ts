import { expect, test } from 'vitest';
import { ID_BYTES, type NodeId } from '../../../shared/src/ids.ts';
import { MAX_FRAME_BYTES } from '../../../shared/src/limits/overlay.ts';
import { MAX_VIRTUAL_LINKS, PAIR_FIRST_RETRY_MS, PAIR_HOLD_OFF_MS } from '../../../shared/src/limits/virtual-links.ts';
import { ContactCache } from './contact-cache.ts';
import { FRAME } from './link-frames.ts';
import { ROUTE_EXACT, ROUTE_HEADER_BYTES, ROUTE_KIND, decodeRoute, encodeRoute } from './route-frame.ts';
import type { OverlayOutput } from './types.ts';
import { encodeProbe } from './virtual-link-probe.ts';
import { type Peer, TestMesh } from '../../test/mesh.ts';

/** Two peers that cannot connect, and relays linked to both of them. */
function pairWith(relayCount: number): { mesh: TestMesh; a: Peer; b: Peer; relays: Peer[] } {
  const mesh = new TestMesh();
  const [a, b] = [mesh.add(), mesh.add()];
  const relays = Array.from({ length: relayCount }, () => mesh.add());
  for (const relay of relays) {
    mesh.connect(a, relay);
    mesh.connect(relay, b);
  }
  for (const relay of relays)
    for (const other of relays) if (relay.contact.id < other.contact.id) mesh.connect(relay, other);
  mesh.run(10_000);
  return { mesh, a, b, relays };
}

/** A lookup whose payload fills the frame up to `length`. */
function paddedFind({ contact }: Peer, target: NodeId, length: number): Uint8Array {
  const fields = { hops: 1, flags: 0, lifetimeMs: 9_000, kind: ROUTE_KIND.find, detours: 0, target, via: [] };
  const id = `pad${String.fromCharCode(length)}`;
  return encodeRoute({ ...fields, id, origin: contact, payload: new Uint8Array(length - ROUTE_HEADER_BYTES) });
}

const cache = new ContactCache();
const idOf = ({ contact }: Peer): string => contact.id;
const dialsOf = (from: Peer, to: Peer): number => from.dials.filter((dial) => dial.to === to.contact.id).length;
const probesTo = ({ received }: Peer): number =>
  received.filter((bytes) => bytes[1] === FRAME.route && bytes[14] === ROUTE_KIND.probe).length;
/** The probes that came to `by` for its neighbour `to`. */
const probesThrough = (by: Peer, to: Peer): number =>
  by.received
    .map((bytes) => decodeRoute(bytes, cache))
    .filter((frame) => frame?.kind === ROUTE_KIND.probe && frame.target === to.contact.id).length;

test('a sibling that cannot be connected to is reached through two common neighbours, and both sides show it', () => {
  const { mesh, a, b, relays } = pairWith(3);
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const row = mesh.row(one, other);
    expect(row).toMatchObject({ isLinked: false, isVirtual: true, isSibling: true });
    expect(row?.relays).toHaveLength(2);
    expect(relays.map(idOf)).toEqual(expect.arrayContaining([...(row?.relays ?? [])]));
    expect(row?.rttMs).toBe(80);
  }
});

test('a pair that could not connect is tried again after half a minute, two and eight; all the time the relays serve', () => {
  const { mesh, a, b } = pairWith(2);
  mesh.run(PAIR_FIRST_RETRY_MS + 30_000);
  expect([dialsOf(a, b), dialsOf(b, a)]).toEqual([2, 2]);
  expect(mesh.row(a, b)?.isVirtual).toBe(true);
  mesh.run(PAIR_HOLD_OFF_MS - 90_000);
  expect([dialsOf(a, b), dialsOf(b, a)]).toEqual([3, 3]);
  expect(mesh.row(a, b)?.isVirtual).toBe(true);
});

test('a link takes the place of a virtual one', () => {
  const { mesh, a, b } = pairWith(2);
  mesh.connect(a, b);
  mesh.run(1_000);
  expect(mesh.row(a, b)).toMatchObject({ isLinked: true, isVirtual: false, relays: [] });
  const before = probesTo(b);
  mesh.run(60_000);
  expect(probesTo(b)).toBe(before);
});

test('a lookup goes on through a virtual link to the peer that no link leads to', () => {
  const { mesh, a, b } = pairWith(2);
  const outsider = mesh.add();
  mesh.connect(outsider, a);
  mesh.run(5_000);
  mesh.lookUp(outsider, b.contact.id);
  mesh.run(3_000);
  const [result] = outsider.results;
  expect(result).toMatchObject({ kind: 'lookup', hops: 3 });
  expect(result?.kind === 'lookup' ? [result.closest[0]?.id, result.path.at(-1)] : []).toEqual([idOf(b), idOf(b)]);
});

test('a frame that is as long as any may be is not made longer on its way', () => {
  const { mesh, a, b } = pairWith(2);
  const outsider = mesh.add();
  mesh.connect(outsider, a);
  mesh.run(5_000);
  const sent: Uint8Array[] = [];
  for (const length of [MAX_FRAME_BYTES - ID_BYTES, MAX_FRAME_BYTES]) {
    const out: OverlayOutput[] = [];
    const bytes = paddedFind(outsider, b.contact.id, length);
    a.overlay.handle({ kind: 'received', from: outsider.contact.id, bytes }, mesh.now, out);
    for (const output of out) if (output.kind === 'send' && output.bytes[1] === FRAME.route) sent.push(output.bytes);
  }
  expect(sent.map(({ length }) => length)).toEqual([MAX_FRAME_BYTES]);
});

test('a message for exactly that peer takes the relay at once', () => {
  const { mesh, a, b } = pairWith(2);
  mesh.route(a, b.contact.id);
  mesh.run(200);
  expect(a.results).toEqual([{ kind: 'route', hops: 2, elapsedMs: 80 }]);
});

test('a relay that lost its link to the other end is replaced within 20 s', () => {
  const { mesh, a, b, relays } = pairWith(3);
  const lost = relays.find(({ contact }) => contact.id === mesh.row(a, b)?.relays?.[0]) as Peer;
  mesh.disconnect(lost, b);
  mesh.run(20_000);
  expect(mesh.row(a, b)?.relays).toHaveLength(2);
  expect(mesh.row(a, b)?.relays).not.toContain(idOf(lost));
});

test('a relay whose link to us is gone is replaced at once', () => {
  const { mesh, a, b, relays } = pairWith(3);
  const lost = relays.find(({ contact }) => contact.id === mesh.row(a, b)?.relays?.[0]) as Peer;
  mesh.disconnect(lost, a);
  mesh.run(1_500);
  expect(mesh.row(a, b)?.relays).toHaveLength(2);
  expect(mesh.row(a, b)?.relays).not.toContain(idOf(lost));
});

test('a peer behind a virtual link that falls silent leaves the table within 20 s', () => {
  const { mesh, a, b } = pairWith(3);
  mesh.kill(b);
  mesh.run(20_000);
  expect(mesh.row(a, b)).toBeUndefined();
});

/** Sends a probe in the name of `origin` from `by` to `to`, through `relay`. */
function forgeProbe(mesh: TestMesh, by: Peer, relay: Peer, origin: Peer, to: Peer): void {
  const fields = { hops: 1, flags: ROUTE_EXACT, lifetimeMs: 3_000, kind: ROUTE_KIND.probe, detours: 0 };
  const id = `f${String.fromCharCode(mesh.now >>> 16, mesh.now & 0xffff)}z`;
  const route = { ...fields, id, target: to.contact.id, origin: origin.contact, via: [], payload: encodeProbe(0) };
  mesh.feed(relay, { kind: 'received', from: by.contact.id, bytes: encodeRoute(route) });
}

test('a probe in the name of another peer makes nobody a relay who has no link to that peer', () => {
  const { mesh, a, b, relays } = pairWith(1);
  const [bystander, liar] = [mesh.add(), mesh.add()];
  mesh.connect(a, bystander);
  mesh.connect(bystander, liar);
  mesh.run(5_000);
  forgeProbe(mesh, liar, bystander, b, a);
  mesh.run(500);
  expect(mesh.row(a, b)?.relays).toEqual(relays.map(idOf));
});

test('a neighbour that had no way to the other end is asked again, in the same search, once that end comes through it', () => {
  const mesh = new TestMesh();
  const [a, b, late, mute] = [mesh.add(), mesh.add(), mesh.add(), mesh.add()];
  mesh.connect(a, late);
  mesh.connect(a, mute);
  mesh.command(a, { kind: 'introduce', contacts: [b.contact] });
  mesh.kill(mute);
  while (probesThrough(late, b) === 0) mesh.run(10);
  mesh.run(30);
  mesh.connect(late, b);
  forgeProbe(mesh, b, late, b, a);
  mesh.run(100);
  expect(mesh.row(a, b)?.relays).toEqual([idOf(late)]);
});

test('a neighbour through which probes in the name of the other end come is asked twice in a search', () => {
  const mesh = new TestMesh();
  const [a, b, near, mute, liar] = [mesh.add(), mesh.add(), mesh.add(), mesh.add(), mesh.add()];
  mesh.connect(a, near);
  mesh.connect(a, mute);
  mesh.connect(near, liar);
  mesh.command(a, { kind: 'introduce', contacts: [b.contact] });
  mesh.kill(mute);
  while (probesThrough(near, b) === 0) mesh.run(10);
  const asked = Array.from({ length: 3 }, () => {
    mesh.run(50);
    forgeProbe(mesh, liar, near, b, a);
    return probesThrough(near, b);
  });
  expect(asked).toEqual([1, 2, 2]);
});

test('probes in the name of a dead peer keep it in the table for no longer than two minutes', () => {
  const { mesh, a, b, relays } = pairWith(2);
  const liar = mesh.add();
  for (const relay of relays) mesh.connect(liar, relay);
  mesh.run(5_000);
  mesh.kill(b);
  for (let i = 0; i < 60; i++) {
    for (const relay of relays) forgeProbe(mesh, liar, relay, b, a);
    mesh.run(2_000);
  }
  expect(mesh.row(a, b)).toBeUndefined();
});

test('a peer that lives is kept for as long as a relay does', () => {
  const { mesh, a, b } = pairWith(2);
  for (let minute = 0; minute < 9; minute++) {
    mesh.run(60_000);
    expect([mesh.row(a, b)?.isVirtual, mesh.row(b, a)?.isVirtual]).toEqual([true, true]);
  }
});

test('two peers without any common neighbour get no virtual link, and ask few in vain', () => {
  const mesh = new TestMesh();
  const [a, b, near, far] = [mesh.add(), mesh.add(), mesh.add(), mesh.add()];
  mesh.connect(a, near);
  mesh.connect(b, far);
  mesh.connect(near, far);
  mesh.command(a, { kind: 'introduce', contacts: [b.contact] });
  mesh.run(60_000);
  expect(dialsOf(a, b)).toBe(2);
  expect(mesh.row(a, b)?.isVirtual ?? false).toBe(false);
  expect(probesTo(near)).toBeLessThanOrEqual(40);
});

test('there are never more virtual links than the bound', () => {
  const mesh = new TestMesh();
  const [a, hub] = [mesh.add(), mesh.add()];
  mesh.connect(a, hub);
  for (let i = 0; i < 2 * MAX_VIRTUAL_LINKS; i++) mesh.connect(hub, mesh.add());
  mesh.run(60_000);
  const virtual = a.overlay.snapshot().entries.filter(({ isVirtual }) => isVirtual);
  expect(virtual.length).toBeGreaterThan(4);
  expect(virtual.length).toBeLessThanOrEqual(MAX_VIRTUAL_LINKS);
});
