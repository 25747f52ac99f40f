import { expect, test } from 'vitest';
import { type Contact, contactFromKey } from '../../../shared/src/ids.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { ContactCache } from './contact-cache.ts';
import { UNKNOWN_PLACE, packPlace } from './coordinates.ts';
import { FRAME, type PlaceClaim, decodeContacts, decodePing, encodePing } from './link-frames.ts';
import { Overlay } from './overlay.ts';
import type { OverlayInput, OverlayOutput } from './types.ts';

const rng = seededRng(51);
const newContact = (): Contact => contactFromKey(randomBytes(rng, 32));
const cache = new ContactCache();
const PLACES = [packPlace(100, 0, 4), packPlace(-100, 0, 4), packPlace(0, 150, 4), packPlace(0, -150, 4)];

/** One machine; its links answer each of its pings after a round trip, from a place of their own. */
class Lab {
  readonly machine = new Overlay({ self: newContact(), rng: seededRng(1), linkTarget: 32, linkHard: 64 });
  readonly peers: readonly Contact[] = PLACES.map(newContact);
  readonly claims: PlaceClaim[] = [];
  readonly frames: OverlayOutput[] = [];
  now = 0;

  constructor(rttMs: number) {
    for (const peer of this.peers) this.feed({ kind: 'linkUp', peer, isOutbound: false }, rttMs);
  }

  feed(input: OverlayInput, rttMs: number): void {
    const out: OverlayOutput[] = [];
    this.machine.handle(input, this.now, out);
    this.frames.push(...out);
    for (const output of out) if (output.kind === 'send') this.#answer(output.to, output.bytes, rttMs);
  }

  #answer(to: Contact['id'], bytes: Uint8Array, rttMs: number): void {
    const ping = bytes[1] === FRAME.ping || bytes[1] === FRAME.pong ? decodePing(bytes) : undefined;
    if (ping?.claim) this.claims.push(ping.claim);
    if (!ping || bytes[1] !== FRAME.ping) return;
    this.now += rttMs;
    const place = PLACES[this.peers.findIndex(({ id }) => id === to)] as number;
    const pong = encodePing(FRAME.pong, { flags: 0, sequence: ping.sequence, rttMs: 0, claim: { place, error: 25 } });
    this.feed({ kind: 'received', from: to, bytes: pong }, rttMs);
  }

  run(untilMs: number, rttMs: number): void {
    for (; this.now < untilMs; this.now += 500) this.feed({ kind: 'deadline' }, rttMs);
  }
}

test('a newcomer tells every link that it does not know its place, then where it found itself, and no more', () => {
  const lab = new Lab(130);
  lab.run(60_000, 130);
  const [first] = lab.claims;
  expect(first?.error).toBe(255);
  const settled = lab.claims.filter(({ error }) => error < 128);
  expect(settled.length).toBeGreaterThan(0);
  const before = lab.claims.length;
  lab.run(120_000, 130);
  expect(lab.claims.length - before).toBeLessThanOrEqual(PLACES.length);
});

test('peers are passed on with the places that they claim, and without one while they are not sure of it', () => {
  const lab = new Lab(130);
  lab.run(10_000, 130);
  for (const [i, { id }] of lab.peers.entries()) {
    const claim = { place: PLACES[i] as number, error: i === 1 ? 255 : 25 };
    const bytes = encodePing(FRAME.pong, { flags: 0, sequence: 0, rttMs: 0, claim });
    lab.feed({ kind: 'received', from: id, bytes }, 130);
  }
  lab.frames.length = 0;
  const peer = newContact();
  lab.feed({ kind: 'linkUp', peer, isOutbound: false }, 130);
  const hello = lab.frames.find(
    (output) => output.kind === 'send' && output.to === peer.id && output.bytes[1] === FRAME.contacts,
  );
  const contacts = hello?.kind === 'send' ? (decodeContacts(hello.bytes, cache)?.contacts ?? []) : [];
  const told = new Map(contacts.map(({ contact, place }) => [contact.id, place]));
  expect(lab.peers.map(({ id }) => told.get(id))).toEqual([PLACES[0], UNKNOWN_PLACE, PLACES[2], PLACES[3]]);
});
