import { expect, test } from 'vitest';
import { type Contact, type NodeId, contactFromKey } from '../../../shared/src/ids.ts';
import {
  ANCHOR_LINKS,
  DEFAULT_LINK_HARD,
  LINK_ADMIT_SHARE,
  PRUNE_MIN_AGE_MS,
} from '../../../shared/src/limits/overlay-links.ts';
import { SIBLING_COUNT } from '../../../shared/src/limits/overlay.ts';
import { type Millis, randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { commonPrefixBits, compareDistance } from '../../../shared/src/xor.ts';
import { FLAG_NEEDED, FRAME, decodePing, encodeContacts, encodePing } from './link-frames.ts';
import { newestUnbelieved } from './need-claims.ts';
import { Overlay } from './overlay.ts';
import { RoutingTable } from './routing-table.ts';
import type { OverlayOutput } from './types.ts';

const rng = seededRng(77);
const newContact = (): Contact => contactFromKey(randomBytes(rng, 32));
const self = newContact();

/** How often peers say that they live, and whether they need us. [ms] */
const STEP_MS = 1_000;

/** One machine whose links answer, each with its own word on whether it needs the link. */
class Lab {
  readonly overlay: Overlay;
  now: Millis = 0;
  /** With what peers say it. */
  frame: 'ping' | 'pong' | 'contacts' = 'ping';
  /** Whether each linked peer says that it needs us. */
  readonly links = new Map<NodeId, boolean>();
  /** Peers whose links the machine gave up, in order. */
  readonly pruned: NodeId[] = [];
  /** What the machine last said on each link about needing it. */
  readonly told = new Map<NodeId, boolean>();

  constructor(linkTarget = 40, linkHard = DEFAULT_LINK_HARD) {
    this.overlay = new Overlay({ self, rng: seededRng(1), linkTarget, linkHard });
  }

  link(contacts: readonly Contact[], doesNeedUs: boolean, isOutbound = false): void {
    for (const peer of contacts) {
      this.links.set(peer.id, doesNeedUs);
      this.#handle((out) => this.overlay.handle({ kind: 'linkUp', peer, isOutbound }, this.now, out));
      this.#claim(peer.id);
    }
  }

  introduce(contacts: readonly Contact[]): void {
    const command = { kind: 'introduce', contacts } as const;
    this.#handle((out) => this.overlay.handle({ kind: 'command', command }, this.now, out));
  }

  run(forMs: Millis): void {
    for (const until = this.now + forMs; this.now < until;) {
      this.now = Math.min(until, this.now + STEP_MS);
      for (const id of this.links.keys()) this.#claim(id);
      this.#handle((out) => this.overlay.handle({ kind: 'deadline' }, this.now, out));
    }
  }

  linked(contacts: readonly Contact[]): Contact[] {
    return contacts.filter(({ id }) => this.links.has(id));
  }

  #claim(from: NodeId): void {
    const doesNeedUs = this.links.get(from);
    if (doesNeedUs === undefined) return;
    const flags = doesNeedUs ? FLAG_NEEDED : 0;
    const { frame } = this;
    const bytes =
      frame === 'contacts'
        ? encodeContacts({ flags, contacts: [] })
        : encodePing(FRAME[frame], { flags, sequence: 1, rttMs: 50 });
    this.#handle((out) => this.overlay.handle({ kind: 'received', from, bytes }, this.now, out));
  }

  #handle(feed: (out: OverlayOutput[]) => void): void {
    const out: OverlayOutput[] = [];
    feed(out);
    for (const output of out) {
      if (output.kind === 'send' && (output.bytes[1] === FRAME.pong || output.bytes[1] === FRAME.ping))
        this.told.set(output.to, (decodePing(output.bytes)!.flags & FLAG_NEEDED) !== 0);
      if (output.kind !== 'closeLink') continue;
      this.links.delete(output.peer);
      this.pruned.push(output.peer);
    }
  }
}

const bucketOf = ({ id }: Contact): number => commonPrefixBits(self.id, id);
const strangers = Array.from({ length: 400 }, newContact);
const far = strangers.filter((contact) => bucketOf(contact) === 0);

/** More links than a peer of this budget wants, by four. */
const crowd = far.slice(0, 14);
const crowded = (needy: readonly NodeId[] = [], frame: Lab['frame'] = 'ping'): Lab => {
  const lab = new Lab(8, 24);
  lab.frame = frame;
  for (const contact of crowd) lab.link([contact], needy.includes(contact.id));
  lab.run(PRUNE_MIN_AGE_MS + 30_000);
  return lab;
};

/** Nearest to us first. */
const residents = Array.from({ length: 1_000 }, newContact).sort((a, b) => compareDistance(self.id, a.id, b.id));
const attackers = strangers.slice(0, 64);

/** A peer of a network of 1,000 with 44 links of some age, those to its siblings among them, the first 20 opened by itself. */
function established(): { readonly lab: Lab; readonly honest: readonly Contact[] } {
  const others = residents.slice(SIBLING_COUNT).filter((_, i) => i % 29 === 0);
  const honest = [...others.slice(-34), ...residents.slice(0, SIBLING_COUNT)];
  const lab = new Lab();
  lab.introduce(residents);
  for (const [i, contact] of honest.entries()) {
    lab.link([contact], false, i < 20);
    lab.run(STEP_MS);
  }
  lab.run(60_000);
  expect(lab.linked(honest)).toEqual(honest);
  return { lab, honest };
}

test.each(['ping', 'pong', 'contacts'] as const)(
  'the link that would be given up first is not while the other side says with %s that it needs it',
  (frame) => {
    const [first] = crowded([], frame).pruned as [NodeId];
    const { pruned, links } = crowded([first], frame);
    expect(pruned).not.toContain(first);
    expect(pruned).toHaveLength(crowd.length - 8 * LINK_ADMIT_SHARE);
    expect(links.has(first)).toBe(true);
  },
);

test('it is given up after all when the other side needs it no longer', () => {
  const [first] = crowded().pruned as [NodeId];
  const lab = new Lab(8, 24);
  for (const contact of crowd) lab.link([contact], contact.id === first);
  lab.run(10_000);
  lab.links.set(first, false);
  lab.run(PRUNE_MIN_AGE_MS);
  expect(lab.pruned[0]).toBe(first);
});

test('a newcomer among many who say that they need us has its link for half a minute', () => {
  const { lab } = established();
  const newcomers = attackers.slice(0, DEFAULT_LINK_HARD - lab.links.size);
  lab.link(newcomers, true);
  lab.run(PRUNE_MIN_AGE_MS - STEP_MS);
  expect(lab.linked(newcomers)).toEqual(newcomers);
  lab.run(60_000);
  expect(lab.linked(newcomers).length).toBeLessThan(newcomers.length);
});

test('no link is given up of which we say that we need it', () => {
  const { pruned, told } = crowded();
  expect([...told.values()].filter(Boolean).length).toBeGreaterThan(0);
  expect(pruned.filter((id) => told.get(id))).toEqual([]);
});

test.each([
  { pauseMs: 200, rounds: 1 },
  { pauseMs: 2_000, rounds: 1 },
  { pauseMs: 200, rounds: 6 },
])('64 attackers that all say they need us leave us most of our links (%o)', ({ pauseMs, rounds }) => {
  const { lab, honest } = established();
  for (let round = 0; round < rounds; round++) {
    for (const attacker of attackers) {
      if (!lab.links.has(attacker.id)) lab.link([attacker], true);
      lab.run(pauseMs);
    }
    lab.run(60_000);
  }
  expect(lab.links.size).toBeGreaterThan(honest.length);
  expect(lab.linked(honest).length).toBeGreaterThanOrEqual((2 / 3) * honest.length);
});

test('when every place is taken a newcomer whom we do not need is refused, whatever it says', () => {
  const { lab } = established();
  lab.link(attackers.slice(0, DEFAULT_LINK_HARD - lab.links.size), false);
  const late = strangers.slice(64).find((contact) => bucketOf(contact) === 0) as Contact;
  expect(lab.overlay.admits(late, false, lab.now)).toBe(false);
  lab.link([late], true);
  expect(lab.pruned).toEqual([late.id]);
});

test('when every place is taken a newcomer whom we need comes in, and neither the oldest links nor our own first ones go for it', () => {
  const { lab, honest } = established();
  const oldest = honest.filter((contact, i) => honest.findIndex((each) => bucketOf(each) === bucketOf(contact)) === i);
  const anchors = honest.slice(0, ANCHOR_LINKS);
  lab.link(attackers.slice(0, DEFAULT_LINK_HARD - lab.links.size), false);
  const nearer = Array.from({ length: 20_000 }, newContact).sort((a, b) => compareDistance(self.id, a.id, b.id));
  for (const contact of nearer.slice(0, 30).reverse()) {
    expect(lab.overlay.admits(contact, false, lab.now)).toBe(true);
    lab.link([contact], true);
    expect(lab.links.size).toBe(DEFAULT_LINK_HARD);
  }
  expect(lab.pruned).toHaveLength(30);
  expect(lab.linked([...oldest, ...anchors])).toEqual([...oldest, ...anchors]);
});

test('where a peer may be a sibling of all others all of them are believed, elsewhere the oldest few', () => {
  const table = new RoutingTable(self.id, SIBLING_COUNT);
  const link = (contact: Contact, at: Millis): void => {
    const entry = table.linkUp(contact, at);
    if (entry.link) entry.link.isNeededByPeer = true;
  };
  const near = residents.filter((contact) => bucketOf(contact) === 5);
  for (const [i, contact] of near.slice(0, SIBLING_COUNT).entries()) link(contact, i);
  for (const [i, contact] of far.slice(0, 5).entries()) link(contact, i);
  for (const contact of far.slice(5, 15)) table.learn(contact, 0, 0, undefined);
  expect(newestUnbelieved(table, 4, () => true)?.contact).toBe(far[4]);
  expect(newestUnbelieved(table, 5, () => true)).toBeUndefined();
});
