import { expect, test } from 'vitest';
import { type Contact, contactFromKey } from '../../../shared/src/ids.ts';
import { MAX_DETOURS, MAX_HOP_TIMEOUT_MS } from '../../../shared/src/limits/overlay.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { compareDistance } from '../../../shared/src/xor.ts';
import { ContactCache } from './contact-cache.ts';
import { UNKNOWN_PLACE } from './coordinates.ts';
import { FRAME, decodeAck, encodeAck, encodeBye, encodeContacts } from './link-frames.ts';
import { LinkedMachine } from './linked-machine-test-kit.ts';
import { ROUTE_EXACT, ROUTE_KIND, type RouteFrame, decodeRoute, encodeRoute } from './route-frame.ts';
import type { OverlayOutput } from './types.ts';

const rng = seededRng(31);
const newContact = (): Contact => contactFromKey(randomBytes(rng, 32));
const cache = new ContactCache();
const [self, target] = [newContact(), newContact()];
/** Farther from the target than we are: only a step aside leads to them. */
const farther = Array.from({ length: 400 }, newContact)
  .filter(({ id }) => compareDistance(target.id, id, self.id) > 0)
  .slice(0, 3);
const closer = Array.from({ length: 400 }, newContact).find(
  ({ id }) => compareDistance(target.id, id, self.id) < 0,
) as Contact;
const [asker, teller] = farther as [Contact, Contact];
let ids = 0;

/** A peer next to the target that has only peers beside it, and no way on. */
function neighbour(): LinkedMachine {
  const machine = new LinkedMachine({ self });
  machine.link(...farther);
  machine.run(5_000);
  return machine;
}

function messageForTarget(): RouteFrame {
  return {
    id: `id ${(ids += 1)}`.padEnd(4).slice(0, 4),
    hops: 1,
    flags: ROUTE_EXACT,
    lifetimeMs: 9_000,
    kind: ROUTE_KIND.deliver,
    detours: 0,
    target: target.id,
    origin: asker,
    via: [],
    payload: new Uint8Array(20),
  };
}

/** The asker hands over a message for the target; what the machine sends on within two hop timeouts. */
function hand(machine: LinkedMachine): { readonly to: string; readonly detours: number }[] {
  const message = messageForTarget();
  const out = machine.feed({ kind: 'received', from: asker.id, bytes: encodeRoute(message) });
  return sentOn([...out, ...machine.run(2 * MAX_HOP_TIMEOUT_MS)], message.id);
}

function sentOn(out: readonly OverlayOutput[], id: string): { readonly to: string; readonly detours: number }[] {
  return out.flatMap((output) => {
    if (output.kind !== 'send' || output.bytes[1] !== FRAME.route) return [];
    const frame = decodeRoute(output.bytes, cache);
    return frame?.id === id ? [{ to: output.to, detours: frame.detours }] : [];
  });
}

/** One of its links says that the target was alive just now. */
function tell(machine: LinkedMachine): void {
  const contacts = [{ contact: target, age: 0, place: UNKNOWN_PLACE }];
  machine.feed({ kind: 'received', from: teller.id, bytes: encodeContacts({ flags: 0, contacts }) });
}

test('a message for a peer that nobody is known to have seen dying may step aside', () => {
  expect(hand(neighbour())[0]).toMatchObject({ detours: 1 });
});

test('a message whose target stays silent on its own link goes on to closer peers only, and tells them so', () => {
  const machine = neighbour();
  machine.link(closer);
  machine.feed({ kind: 'linkUp', peer: target, isOutbound: false });
  machine.run(1_000);
  tell(machine);
  expect(hand(machine)).toEqual([
    { to: target.id, detours: 0 },
    { to: closer.id, detours: MAX_DETOURS },
  ]);
});

test('a message for a peer that was seen dying takes no step aside', () => {
  const machine = neighbour();
  machine.feed({ kind: 'linkUp', peer: target, isOutbound: false });
  machine.feed({ kind: 'received', from: target.id, bytes: encodeBye('leaving') });
  expect(hand(machine)).toEqual([]);
});

test('news of its life from after the death opens the way aside again: to whom they came from', () => {
  const machine = neighbour();
  machine.feed({ kind: 'linkUp', peer: target, isOutbound: false });
  machine.feed({ kind: 'received', from: target.id, bytes: encodeBye('leaving') });
  machine.run(5_000);
  tell(machine);
  expect(hand(machine)[0]).toEqual({ to: teller.id, detours: 1 });
});

/** A peer that has nobody closer to the target than the target itself, and a message for it on its way there. */
function handToSilentTarget(): { readonly machine: LinkedMachine; readonly id: string } {
  const machine = neighbour();
  machine.feed({ kind: 'linkUp', peer: target, isOutbound: false });
  machine.run(1_000);
  const message = messageForTarget();
  machine.feed({ kind: 'received', from: asker.id, bytes: encodeRoute(message) });
  return { machine, id: message.id };
}

/** What the asker is told of its message. */
function told(out: readonly OverlayOutput[], id: string): (string | undefined)[] {
  return out.flatMap((output) => {
    if (output.kind !== 'send' || output.to !== asker.id || output.bytes[1] !== FRAME.ack) return [];
    const ack = decodeAck(output.bytes);
    return ack?.id === id ? [ack.status] : [];
  });
}

test('a target that is only busy is waited for: nobody else could reach it, and its link loses nothing', () => {
  const { machine, id } = handToSilentTarget();
  expect(told(machine.run(MAX_HOP_TIMEOUT_MS - 500), id)).toEqual([]);
  machine.feed({ kind: 'received', from: target.id, bytes: encodeAck({ id, status: 'accepted' }) });
  expect(told(machine.run(2 * MAX_HOP_TIMEOUT_MS), id)).toEqual([]);
});

test('a target that stays silent on its own link is given up after the longest silence of a hop', () => {
  const { machine, id } = handToSilentTarget();
  expect(told(machine.run(MAX_HOP_TIMEOUT_MS + 500), id)).toEqual(['unreachable']);
});

test('a target whose link is lost is given up at once', () => {
  const { machine, id } = handToSilentTarget();
  machine.run(MAX_HOP_TIMEOUT_MS - 500);
  expect(told(machine.feed({ kind: 'linkDown', peer: target.id }), id)).toEqual(['unreachable']);
});
