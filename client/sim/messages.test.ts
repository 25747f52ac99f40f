import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Contact, contactFromKey } from '../../shared/src/ids.ts';
import { ContactCache } from '../src/overlay/contact-cache.ts';
import { Batch, type Message, readBatch } from './messages.ts';

const u32 = fc.nat(2 ** 32 - 1);
const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const contact = key.map(contactFromKey);
const end = fc.record({ slot: u32, connection: u32 });
const kind = <Kind extends string>(name: Kind): fc.Arbitrary<Kind> => fc.constant(name);
const signal = { from: contact, to: contact, signal: fc.nat(255), attempt: u32 };

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ kind: kind('open'), from: contact, to: contact, end }),
  fc.record({ kind: kind('opened'), to: end, end }),
  fc.record({ kind: kind('unopened'), to: end }),
  fc.record({ kind: kind('close'), to: end }),
  fc.record({ kind: kind('hello'), from: contact, wantsIntroductions: fc.boolean() }),
  fc.record({ kind: kind('ask'), from: contact }),
  fc.record({ kind: kind('goodbye'), from: contact }),
  fc.record({ kind: kind('relay'), ...signal }),
  fc.record({ kind: kind('introduce'), to: contact, contacts: fc.array(contact, { maxLength: 5 }) }),
  fc.record({ kind: kind('signal'), ...signal }),
  fc.record({ kind: kind('undelivered'), to: contact, about: contact, attempt: u32, isPeerAtFault: fc.boolean() }),
);

/** A frame, as a batch takes and gives it. */
const frame = fc.record({ slot: u32, connection: u32, bytes: fc.uint8Array({ maxLength: 2_000 }) });

type Item = { readonly at: number } & (
  | { readonly message: Message }
  | { readonly frame: { readonly slot: number; readonly connection: number; readonly bytes: Uint8Array } }
);

const items: fc.Arbitrary<Item[]> = fc.array(fc.oneof(fc.record({ at: u32, message }), fc.record({ at: u32, frame })), {
  maxLength: 30,
});

function write(batch: Batch, all: readonly Item[]): Uint8Array {
  for (const item of all) {
    if ('message' in item) batch.message(item.at, item.message);
    else batch.frame(item.at, item.frame, item.frame.bytes);
  }
  return batch.take();
}

function read(bytes: Uint8Array): { items: Item[]; isRead: boolean } {
  const found: Item[] = [];
  const isRead = readBatch(bytes, new ContactCache(), {
    onFrame: (at, slot, connection, own) => found.push({ at, frame: { slot, connection, bytes: own } }),
    onMessage: (at, given) => found.push({ at, message: given }),
  });
  return { items: found, isRead };
}

test('what is written into a batch is read out of it, in that order, and then the batch is empty', () => {
  fc.assert(
    fc.property(items, items, (first, second) => {
      const batch = new Batch();
      expect(read(write(batch, first))).toEqual({ items: first, isRead: true });
      expect(read(write(batch, second))).toEqual({ items: second, isRead: true });
    }),
  );
});

test('a batch grows with what is written into it', () => {
  const batch = new Batch();
  const bytes = new Uint8Array(15_000).fill(7);
  for (let i = 0; i < 100; i++) batch.frame(i, { slot: i, connection: i }, bytes);
  const { items: found, isRead } = read(batch.take());
  expect([found.length, isRead]).toEqual([100, true]);
  expect(found[99]).toEqual({ at: 99, frame: { slot: 99, connection: 99, bytes } });
});

test('a frame outlives the batch that brought it', () => {
  const batch = new Batch();
  batch.frame(1, { slot: 2, connection: 3 }, new Uint8Array([4, 5]));
  const taken = batch.take();
  const { items: found } = read(taken);
  taken.fill(0);
  expect(found).toEqual([{ at: 1, frame: { slot: 2, connection: 3, bytes: new Uint8Array([4, 5]) } }]);
});

test('a contact that came twice is one object', () => {
  const from = contactFromKey(new Uint8Array(32).fill(1));
  const batch = new Batch();
  for (let i = 0; i < 2; i++) batch.message(i, { kind: 'ask', from });
  const [first, second] = read(batch.take()).items.map((item): Contact | undefined =>
    'message' in item && item.message.kind === 'ask' ? item.message.from : undefined,
  );
  expect(first).toEqual(from);
  expect(second).toBe(first);
});

test('any bytes are read without a throw; of a batch that was cut or changed no more comes than was in it', () => {
  const broken = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.tuple(items, fc.nat(), fc.nat(255)).map(([all, at, value]) => {
      const bytes = write(new Batch(), all).slice();
      if (bytes.length > 0) bytes[at % bytes.length] = value;
      return bytes;
    }),
    fc.tuple(items, fc.nat()).map(([all, at]) => {
      const bytes = write(new Batch(), all);
      return bytes.slice(0, at % (bytes.length + 1));
    }),
  );
  fc.assert(
    fc.property(broken, (bytes) => {
      const { items: found, isRead } = read(bytes);
      const again = write(new Batch(), found);
      expect(isRead ? again.length === bytes.length : again.length < bytes.length).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
