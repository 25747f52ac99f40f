import { expect, test } from 'vitest';
import { type Contact, type NodeId, contactFromKeys } from '../../../shared/src/ids.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { commonPrefixBits, compareDistance } from '../../../shared/src/xor.ts';
import { ContactCache } from './contact-cache.ts';
import { FRAME } from './link-frames.ts';
import { LinkedMachine } from './linked-machine-test-kit.ts';
import { encodeFind, isSeenAllAround } from './payloads.ts';
import { decodeReply } from './reply-frame.ts';
import { ROUTE_ANNOUNCE, ROUTE_KIND, encodeRoute } from './route-frame.ts';
import type { OverlayOutput } from './types.ts';

const rng = seededRng(41);
const newContact = (): Contact => contactFromKeys(randomBytes(rng, 32), randomBytes(rng, 32));
const cache = new ContactCache();
const self = newContact();
/** Nearest to us first. */
const others = Array.from({ length: 300 }, newContact).sort((a, b) => compareDistance(self.id, a.id, b.id));
const siblings = others.slice(0, 12);
const [nearest] = siblings as [Contact];
const asker = others.at(-1) as Contact;
/** Next to our nearest sibling, which is closer to it than we are. */
const key = `${nearest.id.slice(0, -1)}${nearest.id.endsWith('0') ? '1' : '0'}` as NodeId;

/** A peer that is linked to all around it, and heard them a moment ago. */
function peer(): LinkedMachine {
  const machine = new LinkedMachine({ self });
  machine.link(...siblings, asker);
  machine.run(5_000);
  return machine;
}

/** The asker sends a lookup of `key` through the peer; what leaves at once for it. */
function ask(machine: LinkedMachine, flags: number): OverlayOutput[] {
  const frame = {
    id: 'asks',
    hops: 1,
    flags,
    lifetimeMs: 9_000,
    kind: ROUTE_KIND.find,
    detours: 0,
    target: key,
    origin: asker,
    via: [],
    payload: encodeFind({ key, referrers: [] }),
  };
  return machine.feed({ kind: 'received', from: asker.id, bytes: encodeRoute(frame) });
}

const sent = (out: readonly OverlayOutput[], type: number): { readonly to: NodeId; readonly bytes: Uint8Array }[] =>
  out.flatMap((output) => (output.kind === 'send' && output.bytes[1] === type ? [output] : []));

test('the siblings share more with us than most peers do', () => {
  const depth = commonPrefixBits(self.id, siblings[9]?.id ?? self.id);
  expect(commonPrefixBits(self.id, key)).toBeGreaterThan(depth);
});

test('a lookup ends at a peer that sees all around its target, and names the closest for sure', () => {
  const out = ask(peer(), 0);
  const [reply] = sent(out, FRAME.reply);
  expect(sent(out, FRAME.route)).toEqual([]);
  expect(reply?.to).toBe(asker.id);
  const answer = decodeReply(reply?.bytes ?? new Uint8Array(), cache);
  expect(isSeenAllAround(answer?.payload ?? new Uint8Array())).toBe(true);
  const named = answer?.closest.map(({ contact }) => contact.id);
  const truth = [self, ...others].map(({ id }) => id).sort((a, b) => compareDistance(key, a, b));
  expect(named?.slice(0, 4)).toEqual(truth.slice(0, 4));
});

test('one that announces its origin goes on to the closest peer, which is to know it', () => {
  const out = ask(peer(), ROUTE_ANNOUNCE);
  expect(sent(out, FRAME.reply)).toEqual([]);
  expect(sent(out, FRAME.route).map(({ to }) => to)).toEqual([nearest.id]);
});

test('any lookup goes on to the closest peer when a sibling has died just now', () => {
  const machine = peer();
  machine.feed({ kind: 'linkDown', peer: siblings[5]?.id ?? self.id });
  expect(sent(ask(machine, 0), FRAME.route).map(({ to }) => to)).toEqual([nearest.id]);
});
