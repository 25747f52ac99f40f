import { type Contact, type NodeId, contactFromKey } from '../../../shared/src/ids.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { compareDistance } from '../../../shared/src/xor.ts';
import { ContactCache } from './contact-cache.ts';
import { UNKNOWN_PLACE } from './coordinates.ts';
import { FRAME, encodeAck } from './link-frames.ts';
import { Overlay } from './overlay.ts';
import { type ReadPayload, encodeRead } from './payloads.ts';
import { encodeRecord } from './record-payloads.ts';
import { WALL, recordOf } from './record-test-kit.ts';
import { type ReplyFrame, decodeReply, encodeReply } from './reply-frame.ts';
import { ROUTE_KIND, type RouteFrame, type RouteKind, decodeRoute, encodeRoute } from './route-frame.ts';
import type { OverlayCommand, OverlayInput, OverlayOutput, OverlayResult, SignedRecord } from './types.ts';

const cache = new ContactCache();
const NOTHING = new Uint8Array(0);

/** A message of the machine, and to whom it left. */
export interface Sent {
  readonly to: NodeId;
  readonly frame: RouteFrame;
}

/** Whose signature is bad. */
export const FORGED = new Uint8Array(64).fill(0xff);

/** The key that the tests store under. */
export const { key } = recordOf();
/** Nearest to the key first; the machine is one of those that are to hold it, or far from it. */
export const people = ((rng) =>
  Array.from({ length: 40 }, () => contactFromKey(randomBytes(rng, 32))).sort((a, b) =>
    compareDistance(key, a.id, b.id),
  ))(seededRng(29));

/** A message to the machine, or to whoever is nearest to `target`. */
export type Arriving = Pick<RouteFrame, 'kind' | 'flags' | 'payload' | 'origin'> & Partial<RouteFrame>;

/** One machine linked to `peers`, whose answers the test gives. A signature is good unless it is `FORGED`. */
export class RecordBench {
  readonly machine: Overlay;
  readonly results: OverlayResult[] = [];
  /** What it answered others, by message. BOUNDED: by the test. */
  readonly replies = new Map<string, ReplyFrame>();
  readonly self: Contact;
  readonly peers: readonly Contact[];
  now = 0;
  #next = 1;

  constructor(self: Contact, peers: readonly Contact[]) {
    this.self = self;
    this.peers = peers;
    this.machine = new Overlay({ self, rng: seededRng(1) });
    this.feed({ kind: 'command', command: { kind: 'wallClock', wallNow: WALL } });
    for (const peer of peers) this.feed({ kind: 'linkUp', peer, isOutbound: true });
    this.run(20_000);
  }

  command(command: OverlayCommand): Sent[] {
    return this.feed({ kind: 'command', command });
  }

  /** The messages that an input caused, signatures checked. */
  feed(input: OverlayInput): Sent[] {
    const out: OverlayOutput[] = [];
    this.machine.handle(input, this.now, out);
    for (const output of out) {
      if (output.kind !== 'run' || !('verify' in output)) continue;
      const isValid = output.verify.signature[0] !== FORGED[0];
      this.machine.handle({ kind: 'effectDone', effect: output.effect, isValid }, this.now, out);
    }
    return this.#take(out);
  }

  /** Lets time pass, while every link is heard; what leaves meanwhile. */
  run(forMs: number): Sent[] {
    const sent: Sent[] = [];
    for (const until = this.now + forMs; this.now < until;) {
      this.now += 100;
      for (const { id } of this.peers) {
        this.feed({ kind: 'received', from: id, bytes: encodeAck({ id: '0000', status: 'accepted' }) });
      }
      sent.push(...this.feed({ kind: 'deadline' }));
    }
    return sent;
  }

  /** A few questions to linked peers are answered after `ms` each, as answers take from now on. */
  measure(ms: number): void {
    for (const [i, { id: target }] of this.peers.slice(0, 8).entries()) {
      const payload = new Uint8Array(1);
      const route = { kind: 'route', op: 9_000 + i, target, protocol: 'app', payload, timeoutMs: 10_000 } as const;
      for (const sent of ofKind(this.command(route), ROUTE_KIND.deliver)) {
        this.acknowledge(sent);
        this.run(ms);
        this.answer(sent, {});
      }
    }
    this.results.length = 0;
  }

  /** The next hop takes a message on. */
  acknowledge({ to, frame }: Sent): void {
    this.feed({ kind: 'received', from: to, bytes: encodeAck({ id: frame.id, status: 'accepted' }) });
  }

  /** A message of `origin` arrives from `from`; the status of the answer. */
  receive(fields: Arriving, from: NodeId = fields.origin.id): string {
    const id = `m${(this.#next += 1)}`.padEnd(4).slice(0, 4);
    const envelope = { id, hops: 1, detours: 0, lifetimeMs: 5_000, via: [], target: this.self.id };
    this.sent = this.feed({ kind: 'received', from, bytes: encodeRoute({ ...envelope, ...fields }) });
    return this.replies.get(id)?.status ?? 'no reply';
  }

  /** What the last message that arrived caused. */
  sent: readonly Sent[] = [];

  /** `end`, or else whoever was sent it, replies; what leaves then. */
  answer({ to, frame }: Sent, fields: Partial<ReplyFrame>, end = to, named: readonly Contact[] = []): Sent[] {
    const closest = named.map((contact) => ({ contact, age: 0, place: UNKNOWN_PLACE }));
    const trail = [...new Set([end, to])].map((id) => ({ id, samples: [] }));
    const reply = { id: frame.id, status: 'ok' as const, hops: 1, payload: NOTHING, closest, trail, ...fields };
    return this.feed({ kind: 'received', from: to, bytes: encodeReply(reply) });
  }

  #take(out: readonly OverlayOutput[]): Sent[] {
    return out.flatMap((output) => {
      if (output.kind === 'emit' && output.event.kind === 'result') this.results.push(output.event.result);
      if (output.kind !== 'send') return [];
      if (output.bytes[1] === FRAME.reply) {
        const reply = decodeReply(output.bytes, cache);
        if (reply) this.replies.set(reply.id, reply);
      }
      const frame = output.bytes[1] === FRAME.route ? decodeRoute(output.bytes, cache) : undefined;
      return frame ? [{ to: output.to, frame }] : [];
    });
  }
}

/** Of `sent` what is of `kind`. */
export function ofKind(sent: readonly Sent[], kind: RouteKind): Sent[] {
  return sent.filter(({ frame }) => frame.kind === kind);
}

/** The payload of an answer to GET. */
export function readOf(record: SignedRecord | undefined, copyAgeMs?: ReadPayload['copyAgeMs']): Uint8Array {
  return encodeRead({ token: undefined, copyAgeMs, body: record ? encodeRecord(record) : NOTHING });
}
