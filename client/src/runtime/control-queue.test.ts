import { expect, test } from 'vitest';
import { type Contact, type NodeId, contactFromKey } from '../../../shared/src/ids.ts';
import { MAX_CONTROL_MESSAGE_BYTES } from '../../../shared/src/limits/links.ts';
import type { SendOutcome } from '../ports/links.ts';
import { ControlQueue } from './control-queue.ts';
import type { Link } from './links/types.ts';

/** A link that takes frames until `room` is used up; the frame that uses it up is still sent. */
class NarrowLink implements Link {
  readonly peer: Contact;
  readonly name = 'narrow';
  readonly isOfferer = true;
  readonly clockAheadMs = 0;
  readonly path = 'direct';
  readonly network = undefined;
  readonly rttMs = undefined;
  readonly queuedBytes = 0;
  readonly sent: number[] = [];
  room = 0;
  onSent: (frame: number) => void = () => undefined;

  constructor(key = 1) {
    this.peer = contactFromKey(new Uint8Array(32).fill(key));
  }

  send(bytes: Uint8Array): SendOutcome {
    if (bytes.length > MAX_CONTROL_MESSAGE_BYTES) return 'refused';
    this.sent.push(bytes[0] as number);
    this.onSent(bytes[0] as number);
    return --this.room > 0 ? 'sent' : 'wait';
  }

  openChannel(): RTCDataChannel {
    throw new Error('not used here');
  }
}

function queueTo(link: NarrowLink): ControlQueue {
  return new ControlQueue(() => new Map<NodeId, Link>([[link.peer.id, link]]));
}

test('frames pass in order, and wait while the channel is full', () => {
  const link = new NarrowLink();
  const queue = queueTo(link);
  link.room = 2;
  for (const frame of [1, 2, 3, 4, 5]) queue.send(link.peer.id, Uint8Array.of(frame));
  expect(link.sent).toEqual([1, 2]);
  link.room = 2;
  expect(queue.drain(link.peer.id)).toBe(false);
  expect(link.sent).toEqual([1, 2, 3, 4]);
  link.room = 2;
  expect(queue.drain(link.peer.id)).toBe(true);
  expect(link.sent).toEqual([1, 2, 3, 4, 5]);
});

test('a frame that the link can never send lets the others pass, held or not', () => {
  const link = new NarrowLink();
  const queue = queueTo(link);
  const endless = new Uint8Array(MAX_CONTROL_MESSAGE_BYTES + 1);
  link.room = 2;
  for (const frame of [endless, Uint8Array.of(1), Uint8Array.of(2), endless, Uint8Array.of(3)])
    queue.send(link.peer.id, frame);
  link.room = 10;
  expect(queue.drain(link.peer.id)).toBe(true);
  queue.send(link.peer.id, Uint8Array.of(4));
  expect(link.sent).toEqual([1, 2, 3, 4]);
});

test('a link that stays full costs at most 256 held frames, the oldest dropped', () => {
  const link = new NarrowLink();
  const queue = queueTo(link);
  for (let frame = 0; frame < 400; frame++) queue.send(link.peer.id, Uint8Array.of(frame % 256));
  link.room = 1000;
  expect(queue.drain(link.peer.id)).toBe(true);
  expect(link.sent).toHaveLength(257);
  expect(link.sent.at(-1)).toBe(399 % 256);
});

test('a flush sends what is held, and what is said last, whatever room there is', () => {
  const link = new NarrowLink();
  const queue = queueTo(link);
  for (const frame of [1, 2, 3]) queue.send(link.peer.id, Uint8Array.of(frame));
  expect(link.sent).toEqual([1]);
  queue.flush(() => {
    for (const frame of [4, 5]) queue.send(link.peer.id, Uint8Array.of(frame));
  });
  expect(link.sent).toEqual([1, 2, 3, 4, 5]);
});

test('of what is said last nothing is dropped, however much it is', () => {
  const link = new NarrowLink();
  const queue = queueTo(link);
  queue.flush(() => {
    for (let frame = 0; frame < 400; frame++) queue.send(link.peer.id, Uint8Array.of(frame % 256));
  });
  expect(link.sent).toHaveLength(400);
});

test('a flush serves those first who get least', () => {
  const order: string[] = [];
  const [heir, other] = [new NarrowLink(1), new NarrowLink(2)];
  for (const link of [heir, other]) link.onSent = (frame) => order.push(`${frame} to ${link.peer.publicKey[0]}`);
  const queue = new ControlQueue(() => new Map<NodeId, Link>([heir, other].map((link) => [link.peer.id, link])));
  queue.flush(() => {
    for (const frame of [7, 8]) queue.send(heir.peer.id, Uint8Array.of(frame));
    for (const link of [heir, other]) queue.send(link.peer.id, Uint8Array.of(9));
  });
  expect(order).toEqual(['9 to 2', '7 to 1', '8 to 1', '9 to 1']);
});

test('what was held for a lost link is not sent on the next one', () => {
  const link = new NarrowLink();
  const queue = queueTo(link);
  queue.send(link.peer.id, Uint8Array.of(1));
  queue.send(link.peer.id, Uint8Array.of(2));
  queue.forget(link.peer.id);
  link.room = 10;
  expect(queue.drain(link.peer.id)).toBe(true);
  expect(link.sent).toEqual([1]);
});
