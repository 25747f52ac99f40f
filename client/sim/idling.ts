import { seededRng } from '../../shared/src/machine.ts';
import type { NodeId } from '../../shared/src/ids.ts';
import { FRAME, decodePing, encodeAck, encodePing } from '../src/overlay/link-frames.ts';
import { PING_IDLE_MS } from '../../shared/src/limits/overlay.ts';
import { ContactCache } from '../src/overlay/contact-cache.ts';
import { encodeReply } from '../src/overlay/reply-frame.ts';
import { decodeRoute } from '../src/overlay/route-frame.ts';
import type { OverlayOutput } from '../src/overlay/types.ts';
import { fillMachine } from './filled-machine.ts';

/** Links of the machine, and the size of the network in its table. */
const LINKS = 40;
const NODES = 10_000;

/** How late an answer comes. [ms] */
const ROUND_TRIP_MS = 50;

/**
 * Measures what a machine costs that nobody asks for anything: ticks, pings both ways, and the lookups with which it
 * keeps its table fresh, which its neighbours answer. In microseconds of `clock` (in ms) per second of its life.
 */
export function measureIdling(
  seconds: number,
  clock: () => number,
): { readonly microsPerSecond: number; readonly links: number } {
  const { machine, self, peers } = fillMachine(seededRng(1), NODES, LINKS);
  const cache = new ContactCache();
  const out: OverlayOutput[] = [];
  // The machine's own pings are due for the links to higher ids; the others are pinged from their side.
  const pingers = peers.filter(({ id }) => id < self.id);
  const pings = pingers.map(({ id }) => ({
    from: id,
    bytes: encodePing(FRAME.ping, { flags: 0, sequence: 1, rttMs: 0 }),
  }));
  let spentMs = 0;
  let frames: readonly Frame[] = [];
  for (let now = 1_000; now <= 1_000 * seconds; now += 1_000) {
    const batch = now % PING_IDLE_MS === 0 ? [...frames, ...pings] : frames;
    out.length = 0;
    const startedAt = clock();
    for (const { from, bytes } of batch) machine.handle({ kind: 'received', from, bytes }, now + ROUND_TRIP_MS, out);
    for (let due = machine.nextDeadline(); due && due.at <= now + 1_000; due = machine.nextDeadline())
      machine.handle({ kind: 'deadline' }, Math.max(due.at, now + ROUND_TRIP_MS), out);
    spentMs += clock() - startedAt;
    frames = out.flatMap((output) => (output.kind === 'send' ? answers(output.to, output.bytes, cache) : []));
  }
  return { microsPerSecond: (1_000 * spentMs) / seconds, links: machine.links };
}

interface Frame {
  readonly from: NodeId;
  readonly bytes: Uint8Array;
}

/** What a neighbour says to a frame of ours. */
function answers(from: NodeId, bytes: Uint8Array, cache: ContactCache): Frame[] {
  if (bytes[1] === FRAME.ping) {
    const ping = decodePing(bytes);
    return ping ? [{ from, bytes: encodePing(FRAME.pong, ping) }] : [];
  }
  const route = bytes[1] === FRAME.route ? decodeRoute(bytes, cache) : undefined;
  if (!route) return [];
  const { id } = route;
  const reply = encodeReply({ id, status: 'ok', hops: 2, payload: new Uint8Array(0), closest: [], trail: [] });
  return [
    { from, bytes: encodeAck({ id, status: 'accepted' }) },
    { from, bytes: reply },
  ];
}
