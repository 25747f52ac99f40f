import { expect, test } from 'vitest';
import { type Contact, contactFromKey } from '../../../shared/src/ids.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { REPLICATION } from '../../../shared/src/limits/records.ts';
import { compareDistance } from '../../../shared/src/xor.ts';
import { ContactCache } from './contact-cache.ts';
import { FRAME } from './link-frames.ts';
import { LinkedMachine } from './linked-machine-test-kit.ts';
import { encodeStore } from './record-payloads.ts';
import { WALL, recordOf } from './record-test-kit.ts';
import { ROUTE_EXACT, ROUTE_KIND, ROUTE_REPLICA, decodeRoute, encodeRoute } from './route-frame.ts';

const rng = seededRng(23);
const newContact = (): Contact => contactFromKey(randomBytes(rng, 32));
const record = recordOf();
/** Nearest to the key first; the first of them is the one that leaves. */
const people = Array.from({ length: 30 }, newContact).sort((a, b) => compareDistance(record.key, a.id, b.id));
const [self, ...others] = people as [Contact, ...Contact[]];

test('a leaving peer hands a record to the one that takes its place among the closest, not to those that hold it', () => {
  const peer = new LinkedMachine({ self });
  peer.feed({ kind: 'command', command: { kind: 'wallClock', wallNow: WALL } });
  peer.link(...others);
  const fields = { id: 'abcd', hops: 1, detours: 0, lifetimeMs: 5_000, via: [], kind: ROUTE_KIND.store };
  const payload = encodeStore({ options: {}, record });
  const [neighbour] = others as [Contact];
  const flags = ROUTE_EXACT | ROUTE_REPLICA;
  const bytes = encodeRoute({ ...fields, flags, target: self.id, origin: neighbour, payload });
  for (const output of peer.feed({ kind: 'received', from: neighbour.id, bytes })) {
    if (output.kind === 'run') peer.feed({ kind: 'effectDone', effect: output.effect, isValid: true });
  }
  const cache = new ContactCache();
  const heirs = peer.feed({ kind: 'command', command: { kind: 'leave' } }).flatMap((output) => {
    const isRoute = output.kind === 'send' && output.bytes[1] === FRAME.route;
    const frame = isRoute ? decodeRoute(output.bytes, cache) : undefined;
    return frame?.kind === ROUTE_KIND.store ? [frame.target] : [];
  });
  expect(heirs).toEqual([others[REPLICATION - 1]?.id]);
});
