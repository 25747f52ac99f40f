import * as v from 'valibot';
import { BoundedMap } from '../../../../shared/src/bounded-map.ts';
import { type Contact, decodeContact, type NodeId } from '../../../../shared/src/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { TabHandler, Tabs } from '../../ports/tabs.ts';

/** Name of the channel that the tabs of an origin share. The number is the version of its messages. */
const CHANNEL_NAME = 'skein-tabs-1';

/**
 * How long a tab may take to confirm a letter: it is on the same machine, but may be busy, or frozen. [ms] As long as the server
 * may take. On two cores that some twenty processes wanted, a tab that was just starting took 217 (median of 19) and up to 1,190.
 * At 500 four offers of 20 counted as lost, their answers found nobody, and the tabs were without a link for 14 to 38 s.
 */
const TAKEN_TIMEOUT_MS = 5_000;

/** Tabs that are remembered at once. [tabs] More than anyone keeps open on one page. */
const MAX_TABS = 64;

/** Largest letter between tabs: one routed frame and its tag. [bytes] */
const MAX_LETTER_BYTES = 16 * 1024;

const SCHEMAS = [
  v.object({ kind: v.literal('here'), contact: v.instance(Uint8Array), isReply: v.boolean() }),
  v.object({
    kind: v.literal('letter'),
    to: v.string(),
    from: v.string(),
    number: v.number(),
    bytes: v.instance(Uint8Array),
  }),
  v.object({ kind: v.literal('taken'), to: v.string(), from: v.string(), number: v.number() }),
] as const;

type Message =
  | { readonly kind: 'here'; readonly contact: Uint8Array; readonly isReply: boolean }
  | {
      readonly kind: 'letter';
      readonly to: string;
      readonly from: string;
      readonly number: number;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'taken'; readonly to: string; readonly from: string; readonly number: number };

/** Tabs that meet over a BroadcastChannel. Every tab says that it is here when it starts, and each other one answers. */
export class BroadcastTabs implements Tabs {
  readonly #self: Contact;
  readonly #clock: Clock;
  readonly #channel = new BroadcastChannel(CHANNEL_NAME);
  /** The tabs, each with the number of the first letter since it said that it is here. */
  readonly #known = new BoundedMap<string, number>(MAX_TABS);
  /** BOUNDED: by letters under way, each ended by its timer. */
  readonly #waiting = new Map<number, (isTaken: boolean) => void>();
  #nextNumber = 1;
  #isClosed = false;

  constructor(self: Contact, clock: Clock) {
    this.#self = self;
    this.#clock = clock;
  }

  start(handler: TabHandler): void {
    this.#channel.onmessage = (event: MessageEvent<unknown>) => {
      const message = readMessage(event.data);
      if (message) this.#receive(message, handler);
    };
    this.#post({ kind: 'here', contact: this.#self.publicKey, isReply: false });
  }

  deliver(to: NodeId, bytes: Uint8Array): Promise<boolean> {
    if (this.#isClosed || !this.#known.has(to) || bytes.length > MAX_LETTER_BYTES) return Promise.resolve(false);
    const number = this.#nextNumber++;
    return new Promise((resolve) => {
      const settle = (isTaken: boolean): void => {
        cancelTimer();
        this.#waiting.delete(number);
        if (!isTaken && number >= (this.#known.get(to) ?? 0)) this.#known.delete(to);
        resolve(isTaken);
      };
      const cancelTimer = this.#clock.setTimer(this.#clock.now() + TAKEN_TIMEOUT_MS, () => settle(false));
      this.#waiting.set(number, settle);
      this.#post({ kind: 'letter', to, from: this.#self.id, number, bytes });
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const settle of [...this.#waiting.values()]) settle(false);
    this.#channel.close();
  }

  #receive(message: Message, handler: TabHandler): void {
    switch (message.kind) {
      case 'here': {
        const contact = decodeContact(message.contact);
        if (!contact || contact.id === this.#self.id) return;
        this.#known.set(contact.id, this.#nextNumber);
        if (!message.isReply) this.#post({ kind: 'here', contact: this.#self.publicKey, isReply: true });
        handler.met(contact);
        break;
      }
      case 'letter':
        if (message.to !== this.#self.id || message.bytes.length > MAX_LETTER_BYTES) return;
        this.#post({ kind: 'taken', to: message.from, from: this.#self.id, number: message.number });
        handler.letter(message.bytes);
        break;
      case 'taken':
        if (message.to === this.#self.id) this.#waiting.get(message.number)?.(true);
        break;
    }
  }

  #post(message: Message): void {
    this.#channel.postMessage(message);
  }
}

/** What another tab said; undefined when it is no message of ours. */
function readMessage(data: unknown): Message | undefined {
  for (const schema of SCHEMAS) {
    const message = v.safeParse(schema, data);
    if (message.success) return message.output;
  }
  return undefined;
}
