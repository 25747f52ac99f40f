import { expect, test } from 'vitest';
import { contactFromKey, type NodeId } from '../../../shared/src/ids.ts';
import { MAX_CONTROL_MESSAGE_BYTES } from '../../../shared/src/limits/links.ts';
import type { SendOutcome } from '../ports/links.ts';
import { ControlQueue } from './control-queue.ts';
import type { Link } from './links/types.ts';

/** A link that takes frames until `room` is used up; the frame that uses it up is still sent. */
class NarrowLink implements Link {
  readonly peer = contactFromKey(new Uint8Array(32).fill(1));
  readonly name = 'narrow';
  readonly isOfferer = true;
  readonly path = 'direct';
  readonly network = undefined;
  readonly rttMs = undefined;
  readonly sent: number[] = [];
  room = 0;

  send(bytes: Uint8Array): SendOutcome {
    if (bytes.length > MAX_CONTROL_MESSAGE_BYTES) return 'refused';
    this.sent.push(bytes[0] as number);
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
