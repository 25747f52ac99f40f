import { expect, test } from 'vitest';
import { type Contact, type NodeId, contactFromKey } from '../../../shared/src/ids.ts';
import { MAX_HOP_TIMEOUT_MS } from '../../../shared/src/limits/overlay.ts';
import { type Millis, randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { compareDistance } from '../../../shared/src/xor.ts';
import { ContactCache } from './contact-cache.ts';
import { FRAME, encodeAck } from './link-frames.ts';
import { LinkedMachine } from './linked-machine-test-kit.ts';
import { encodeFind } from './payloads.ts';
import { ROUTE_KIND, decodeRoute, encodeRoute } from './route-frame.ts';
import type { OverlayInput } from './types.ts';

const rng = seededRng(43);
const newContact = (): Contact => contactFromKey(randomBytes(rng, 32));
const cache = new ContactCache();
const [self, asker] = [newContact(), newContact()];
const key = newContact().id;
/** Closer to the key than we are, nearest first: the hops that a message for it may take. */
const hops = Array.from({ length: 400 }, newContact)
  .filter(({ id }) => compareDistance(key, id, self.id) < 0)
  .toSorted((a, b) => compareDistance(key, a.id, b.id))
  .slice(0, 3);
let ids = 0;

/** Message ids are eight bytes, held as four characters. */
const idOf = (count: number): string => `ask${String.fromCharCode(32 + count)}`;

/** A machine that a message came to, and whose next hops stay silent. */
class Hop extends LinkedMachine {
  constructor() {
    super({ self });
    this.link(asker, ...hops);
    this.run(5_000);
  }

  /** Its first hop is quick for a while. */
  learn(): void {
    for (let i = 0; i < 20; i++) {
      const [to = ''] = this.ask();
      const bytes = encodeAck({ id: idOf(ids), status: 'accepted' });
      this.at(this.now + 20, { kind: 'received', from: to as NodeId, bytes });
    }
  }

  /** Whom the message goes to when `input` comes at `at`. */
  at(at: Millis, input: OverlayInput): NodeId[] {
    this.now = at;
    return this.feed(input).flatMap((output) => {
      if (output.kind !== 'send' || output.bytes[1] !== FRAME.route) return [];
      return decodeRoute(output.bytes, cache)?.target === key ? [output.to] : [];
    });
  }

  /** A lookup comes now. Whom it goes to. */
  ask(): NodeId[] {
    const frame = {
      id: idOf((ids += 1)),
      hops: 1,
      flags: 0,
      lifetimeMs: 9_000,
      kind: ROUTE_KIND.find,
      detours: 0,
      target: key,
      origin: asker,
      via: [],
      payload: encodeFind({ key, referrers: [] }),
    };
    return this.at(this.now, { kind: 'received', from: asker.id, bytes: encodeRoute(frame) });
  }

  /** How long it waits for the acknowledgement of a hop before it takes the next. */
  patience(): Millis {
    const from = this.now;
    while (this.now < from + 5_000) if (this.at(this.now + 5, { kind: 'deadline' }).length > 0) break;
    return this.now - from;
  }
}

test('a hop that is not acknowledged in time is replaced by the next', () => {
  const hop = new Hop();
  expect(hop.ask()).toHaveLength(1);
  expect(hop.patience()).toBeLessThanOrEqual(MAX_HOP_TIMEOUT_MS + 5);
});

test('a hop that did not answer in time gets more time for the next message', () => {
  const hop = new Hop();
  hop.learn();
  const [first] = hop.ask();
  const before = hop.patience();
  hop.run(4_000);
  expect(hop.ask()).toEqual([first]);
  expect(hop.patience()).toBeGreaterThan(1.5 * before);
});
