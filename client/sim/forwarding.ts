import { type Contact, ID_BYTES, type NodeId, nodeIdFromBytes } from '../../shared/src/ids.ts';
import { randomBytes, seededRng } from '../../shared/src/machine.ts';
import { FRAME, encodeAck, encodePing } from '../src/overlay/link-frames.ts';
import type { Overlay } from '../src/overlay/overlay.ts';
import { encodeFind } from '../src/overlay/payloads.ts';
import { encodeReply } from '../src/overlay/reply-frame.ts';
import { ROUTE_KIND, encodeRoute } from '../src/overlay/route-frame.ts';
import type { OverlayOutput } from '../src/overlay/types.ts';
import { fillMachine, randomContact } from './filled-machine.ts';

/** Peers linked to the machine that is measured. */
const LINKS = 40;

/** Peers of the network that its table is filled from. */
const NODES = 10_000;

/** Messages made at once. */
const BATCH = 1_000;

/** Messages between two instants of virtual time, so that the memory of messages stays as full as in a busy network. */
const MESSAGES_PER_MS = 0.2;

/**
 * Measures what a routed message costs the machine that forwards it: its ROUTE, the hop's ACK and the REPLY on the way
 * back, all through `handle`, in microseconds of `clock` (in ms) per message.
 */
export function measureForwarding(
  count: number,
  clock: () => number,
): { readonly microsPerMessage: number; readonly forwarded: number } {
  const rng = seededRng(1);
  const { machine, self, peers } = fillMachine(rng, NODES, LINKS);
  const out: OverlayOutput[] = [];
  const origins = Array.from({ length: 500 }, () => randomContact(rng));
  let forwarded = 0;
  let spentMs = 0;
  for (let batch = 0; batch < count / BATCH; batch++) {
    // Messages are made outside the measured time, and few at once, so that their making does not disturb it.
    const messages = Array.from({ length: BATCH }, (_, i) => message(batch * BATCH + i));
    const startedAt = clock();
    for (const [i, each] of messages.entries())
      forwarded += forward(machine, each, (batch * BATCH + i) / MESSAGES_PER_MS, out);
    spentMs += clock() - startedAt;
    keepAlive(machine, peers, ((batch + 1) * BATCH) / MESSAGES_PER_MS, out);
  }
  return { microsPerMessage: (1_000 * spentMs) / count, forwarded };

  function message(index: number): Message {
    const id = String.fromCharCode(index >>> 16, index & 0xffff, 1, 2);
    const key = nodeIdFromBytes(randomBytes(rng, ID_BYTES));
    const payload = encodeFind({ key, referrers: [] });
    const origin = origins[index % origins.length] ?? self;
    const from = peers[index % LINKS] ?? self;
    const fields = { hops: 1, flags: 0, lifetimeMs: 9_000, kind: ROUTE_KIND.find, detours: 0, via: [] };
    const route = encodeRoute({ ...fields, id, target: key, origin, payload });
    return { from: from.id, route, ack: encodeAck({ id, status: 'accepted' }), reply: encodeReply({ id, ...REPLY }) };
  }
}

/** One routed message as the forwarding peer sees it. */
interface Message {
  readonly from: NodeId;
  readonly route: Uint8Array;
  readonly ack: Uint8Array;
  readonly reply: Uint8Array;
}

/** 1 when the message was handed on, 0 when the machine answered it itself. */
function forward(machine: Overlay, { from, route, ack, reply }: Message, now: number, out: OverlayOutput[]): number {
  out.length = 0;
  machine.handle({ kind: 'received', from, bytes: route }, now, out);
  const first = out[0];
  if (first?.kind !== 'send' || first.bytes[1] !== FRAME.route) return 0;
  machine.handle({ kind: 'received', from: first.to, bytes: ack }, now, out);
  machine.handle({ kind: 'received', from: first.to, bytes: reply }, now, out);
  return 1;
}

const REPLY = { status: 'ok', hops: 2, payload: new Uint8Array(0), closest: [], trail: [] } as const;

/** Lets timers run and every link answer, as life would between messages. */
function keepAlive(machine: Overlay, peers: readonly Contact[], now: number, out: OverlayOutput[]): void {
  const bytes = encodePing(FRAME.pong, { flags: 0, sequence: 0, rttMs: 0 });
  for (const { id } of peers) machine.handle({ kind: 'received', from: id, bytes }, now, out);
  machine.handle({ kind: 'deadline' }, now, out);
}
