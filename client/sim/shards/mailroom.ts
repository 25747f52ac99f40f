import type { Millis } from '../../../shared/src/machine.ts';
import type { ContactCache } from '../../src/overlay/contact-cache.ts';
import { Batch, type Message, readBatch } from '../messages.ts';
import type { LinkEnd } from '../sim-link.ts';
import type { Shard } from './shard.ts';

/** Hears what other shards sent. */
export interface MailListener {
  onFrame(at: Millis, slot: number, connection: number, bytes: Uint8Array): void;
  onMessage(from: number, at: Millis, message: Message): void;
}

/** Collects what a shard has for each other one, and hands out what they have for it. */
export class Mailroom {
  readonly #shard: Shard;
  readonly #contacts: ContactCache;
  readonly #listener: MailListener;
  /** By shard. None for our own, and none when there is no other. */
  readonly #batches: readonly (Batch | undefined)[];

  constructor(shard: Shard, contacts: ContactCache, listener: MailListener) {
    this.#shard = shard;
    this.#contacts = contacts;
    this.#listener = listener;
    this.#batches = Array.from({ length: shard.count }, (_, i) => (i === shard.index ? undefined : new Batch()));
  }

  frame(shard: number, at: Millis, to: LinkEnd, bytes: Uint8Array): void {
    this.#batches[shard]?.frame(Math.ceil(at), to, bytes);
  }

  message(shard: number, at: Millis, message: Message): void {
    this.#batches[shard]?.message(Math.ceil(at), message);
  }

  /** What is there for each shard, to be handed over before anything is added. */
  take(): readonly Uint8Array[] {
    return this.#batches.map((batch) => batch?.take() ?? NOTHING);
  }

  /** Takes in what each shard has for us: by shard, and in the order in which it was sent, so that runs are repeatable. */
  receive(incoming: readonly Uint8Array[]): void {
    for (const [from, bytes] of incoming.entries()) {
      if (from === this.#shard.index) continue;
      const isRead = readBatch(bytes, this.#contacts, {
        onFrame: (at, slot, connection, frame) => this.#listener.onFrame(at, slot, connection, frame),
        onMessage: (at, message) => this.#listener.onMessage(from, at, message),
      });
      if (!isRead) throw new Error(`Shard ${from} sent what is no batch of messages.`);
    }
  }

  /** What every shard gives, by shard. */
  gather<T>(value: T): T[] {
    const { index, count } = this.#shard;
    if (count === 1) return [value];
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    const given = this.#shard.exchange(this.#batches.map((batch) => (batch ? bytes : NOTHING)));
    // Bytes that threads share cannot be decoded as they are.
    return given.map((each, i) => (i === index ? value : (JSON.parse(new TextDecoder().decode(each.slice())) as T)));
  }
}

const NOTHING = new Uint8Array(0);
