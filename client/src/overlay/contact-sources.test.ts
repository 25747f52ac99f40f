import { expect, test } from 'vitest';
import { type Contact, type NodeId, contactFromKey } from '../../../shared/src/ids.ts';
import { MAX_CONTACTS_PER_SOURCE } from '../../../shared/src/limits/overlay-links.ts';
import { BUCKET_CAPACITY } from '../../../shared/src/limits/overlay.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { commonPrefixBits } from '../../../shared/src/xor.ts';
import { UNKNOWN_PLACE } from './coordinates.ts';
import { LinkedMachine } from './linked-machine-test-kit.ts';
import { LookupBench, peers, person, self } from './lookup-test-kit.ts';
import { encodeFind } from './payloads.ts';
import { encodeReply } from './reply-frame.ts';
import { ROUTE_ANNOUNCE, ROUTE_KIND, encodeRoute } from './route-frame.ts';

const rng = seededRng(19);
const newContact = (): Contact => contactFromKey(randomBytes(rng, 32));
const [joined, neighbour] = [newContact(), newContact()];
let ids = 0;

/** A machine whose only link is to `neighbour`. */
function machineWithLink(): LinkedMachine {
  const machine = new LinkedMachine({ self: joined });
  machine.link(neighbour);
  return machine;
}

/** The neighbour hands over what it says that `origin` asks. */
function announce(machine: LinkedMachine, origin: Contact, key: NodeId, referrers: readonly NodeId[]): void {
  const id = `an${String.fromCharCode(0, (ids += 1))}`;
  const fields = { id, hops: 1, flags: ROUTE_ANNOUNCE, lifetimeMs: 9_000, kind: ROUTE_KIND.find, detours: 0 };
  const payload = encodeFind({ key, referrers });
  const bytes = encodeRoute({ ...fields, target: key, origin, via: [], payload });
  machine.feed({ kind: 'received', from: neighbour.id, bytes });
}

/** How many contacts without a link each bucket holds. */
function unlinked({ machine }: { readonly machine: LinkedMachine['machine'] }): number[] {
  const counts: number[] = [];
  for (const { bucket, isLinked } of machine.snapshot().entries)
    if (!isLinked) counts[bucket] = (counts[bucket] ?? 0) + 1;
  return Object.values(counts);
}

test('announcements that come over one link fill no more than half of a bucket, whoever is said to refer to them', () => {
  const machine = machineWithLink();
  for (let i = 0; i < 400; i++) {
    const origin = newContact();
    announce(machine, origin, origin.id, [newContact().id, newContact().id]);
  }
  expect(Math.max(...unlinked(machine))).toBe(BUCKET_CAPACITY / 2);
});

test('who announces itself is known from then on', () => {
  const machine = machineWithLink();
  const newcomer = newContact();
  announce(machine, newcomer, newcomer.id, [neighbour.id]);
  expect(machine.machine.contactOf(newcomer.id)?.id).toBe(newcomer.id);
});

test('an announcement that asks for another key than its own id makes nobody known', () => {
  const machine = machineWithLink();
  const stranger = newContact();
  announce(machine, stranger, joined.id, [neighbour.id]);
  expect(machine.machine.contactOf(stranger.id)).toBeUndefined();
});

test('replies that come over one link add no more to a half-full bucket than its share, whoever they say they come from', () => {
  const bench = new LookupBench();
  const invented = Array.from({ length: 240 }, person).filter(({ id }) => commonPrefixBits(self.id, id) === 0);
  for (let i = 0; i < 6; i++) {
    const [question] = bench.lookup(1);
    if (!question) throw new Error('no question');
    const closest = invented.splice(0, 15).map((contact) => ({ contact, age: 0, place: UNKNOWN_PLACE }));
    const trail = [person(), peers[i] as Contact].map(({ id }) => ({ id, samples: [] }));
    const fields = { id: question.frame.id, status: 'ok', hops: 2, payload: new Uint8Array(0) } as const;
    bench.feed({ kind: 'received', from: question.to, bytes: encodeReply({ ...fields, closest, trail }) });
    bench.feed({ kind: 'command', command: { kind: 'cancel', op: 1 } });
  }
  expect(Math.max(...unlinked(bench))).toBe(MAX_CONTACTS_PER_SOURCE);
});

test('contacts that come over several links fill a bucket', () => {
  const bench = new LookupBench();
  const told = Array.from({ length: 240 }, person).filter(({ id }) => commonPrefixBits(self.id, id) === 0);
  const linked = peers.filter(({ id }) => commonPrefixBits(self.id, id) === 0).length;
  for (const copy of bench.lookup(4)) bench.answer(copy, copy.to, told.splice(0, 10));
  expect(linked + Math.max(...unlinked(bench))).toBe(BUCKET_CAPACITY);
});
