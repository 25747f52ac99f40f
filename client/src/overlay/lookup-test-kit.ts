import { type Contact, type NodeId, contactFromKey } from '../../../shared/src/ids.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { UNKNOWN_PLACE } from './coordinates.ts';
import { ContactCache } from './contact-cache.ts';
import { FRAME, encodeAck } from './link-frames.ts';
import { closestOf } from './lookup.ts';
import { Overlay } from './overlay.ts';
import { decodeFind } from './payloads.ts';
import { encodeReply } from './reply-frame.ts';
import { ROUTE_EXACT, type RouteFrame, decodeRoute } from './route-frame.ts';
import type { OverlayInput, OverlayOutput, OverlayResult } from './types.ts';

const rng = seededRng(21);

/** Another peer each time. */
export const person = (): Contact => contactFromKey(randomBytes(rng, 32));
export const self = person();
/** Whom the machine is linked to. */
export const peers = Array.from({ length: 24 }, person);
/** What is looked up. */
export const key = person().id;
const cache = new ContactCache();
const NOTHING = new Uint8Array(0);

/** A question that left, and through whom. */
export interface Sent {
  readonly to: NodeId;
  readonly frame: RouteFrame;
}

/** One machine with links to `peers`, whose answers the test gives. */
export class LookupBench {
  readonly machine = new Overlay({ self, rng: seededRng(1) });
  readonly results: OverlayResult[] = [];
  /** Linked peers that are not heard any more. */
  readonly silent = new Set<NodeId>();
  now = 0;

  constructor() {
    for (const peer of peers) this.feed({ kind: 'linkUp', peer, isOutbound: true });
    this.run(30_000);
  }

  /** The questions for `key` that an input caused. */
  feed(input: OverlayInput): Sent[] {
    const out: OverlayOutput[] = [];
    this.machine.handle(input, this.now, out);
    return this.#take(out);
  }

  /** Lets time pass; what leaves meanwhile. Links stay up: every peer that is not silent is heard all the while. */
  run(until: number): Sent[] {
    const sent: Sent[] = [];
    while (this.now < until) {
      this.now = Math.min(until, this.now + 100);
      for (const { id } of peers.filter((peer) => !this.silent.has(peer.id)))
        this.machine.handle(
          { kind: 'received', from: id, bytes: encodeAck({ id: '0000', status: 'accepted' }) },
          this.now,
          [],
        );
      sent.push(...this.feed({ kind: 'deadline' }));
    }
    return sent;
  }

  lookup(disjoint: number): Sent[] {
    return this.feed({
      kind: 'command',
      command: { kind: 'lookup', op: 1, key, mode: 'recursive', disjoint, timeoutMs: 10_000 },
    });
  }

  acknowledge({ to, frame }: Sent): void {
    this.feed({ kind: 'received', from: to, bytes: encodeAck({ id: frame.id, status: 'accepted' }) });
  }

  /** `end` answers and names `named`. */
  answer({ to, frame }: Sent, end: NodeId, named: readonly Contact[]): Sent[] {
    const closest = named.map((contact) => ({ contact, age: 0, place: UNKNOWN_PLACE }));
    const fields = {
      id: frame.id,
      status: 'ok',
      hops: 1,
      payload: NOTHING,
      closest,
      trail: [...new Set([end, to])].map((id) => ({ id, samples: [] })),
    } as const;
    return this.feed({ kind: 'received', from: to, bytes: encodeReply(fields) });
  }

  #take(out: readonly OverlayOutput[]): Sent[] {
    return out.flatMap((output) => {
      if (output.kind === 'emit' && output.event.kind === 'result') this.results.push(output.event.result);
      if (output.kind !== 'send' || output.bytes[1] !== FRAME.route) return [];
      const frame = decodeRoute(output.bytes, cache);
      return frame && hasKey(frame) ? [{ to: output.to, frame }] : [];
    });
  }
}

/** True for questions that ask for `key`. */
function hasKey({ payload }: RouteFrame): boolean {
  return decodeFind(payload)?.key === key;
}

/** True for a question to one peer, not to whoever is closest. */
export const isExact = ({ frame }: Sent): boolean => (frame.flags & ROUTE_EXACT) !== 0;
/** What a peer that knows everybody answers. */
export const honest = closestOf(key, peers, 20);
