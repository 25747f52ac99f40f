import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  CHANNEL_HIGH_WATER_BYTES,
  CHANNEL_LOW_WATER_BYTES,
  MAX_BATCH_BYTES,
  MAX_CHANNEL_MESSAGE_BYTES,
} from '../../../shared/src/limits/storage.ts';
import { PeerOutbox } from './peer-outbox.ts';
import type { Pipe } from './pipe.ts';
import type { OwnBytes } from './storage/types.ts';

/** A pipe that copies what it is sent, as a channel does, and keeps as much queued as the test says. */
class CopyingPipe implements Pipe {
  queuedBytes = 0;
  isBroken = false;
  readonly sent: number[][] = [];
  /** The memory that each message came in. */
  readonly buffers: ArrayBuffer[] = [];

  start(): void {}

  send(bytes: OwnBytes): boolean {
    if (this.isBroken) return false;
    this.sent.push([...bytes]);
    this.buffers.push(bytes.buffer);
    return true;
  }

  close(): void {}
}

/** An outbox with all that it tells. */
function openOutbox(): { readonly outbox: PeerOutbox; readonly pipe: CopyingPipe; readonly told: string[] } {
  const pipe = new CopyingPipe();
  const told: string[] = [];
  const outbox = new PeerOutbox(pipe, {
    congested: () => told.push('congested'),
    writable: () => told.push('writable'),
    broken: () => told.push('broken'),
  });
  return { outbox, pipe, told };
}

/** A read that ends when the test says so, and fills in its bytes no sooner. */
class Read {
  readonly #filler: number;
  #into: OwnBytes | undefined;
  #end: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;

  /** Every byte of the block is `filler`. */
  constructor(filler: number) {
    this.#filler = filler;
  }

  readonly begin = (into: OwnBytes): Promise<void> => {
    this.#into = into;
    return new Promise((resolve, reject) => {
      this.#end = { resolve, reject };
    });
  };

  async succeed(): Promise<void> {
    this.#into?.fill(this.#filler);
    this.#end?.resolve();
    await settled();
  }

  async fail(): Promise<void> {
    this.#end?.reject(new Error('The disk is gone.'));
    await settled();
  }

  /** Writes what no block may hold: after a failure, other parts of the read may still be on their way. */
  writeLate(): void {
    this.#into?.fill(255);
  }
}

/** Lets those who wait for a promise that is settled go on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A read that is done at once. */
const filled =
  (filler: number) =>
  (into: OwnBytes): undefined => {
    into.fill(filler);
  };

/** A read that fails at once, half done. */
function throwing(into: OwnBytes): undefined {
  into.fill(255);
  throw new Error('The disk is gone.');
}

test('small messages join until they are flushed, and nothing is sent before', () => {
  const { outbox, pipe } = openOutbox();
  outbox.add(Uint8Array.of(1));
  outbox.add(Uint8Array.of(2, 3));
  expect(pipe.sent).toEqual([]);
  outbox.flush();
  outbox.flush();
  expect(pipe.sent).toEqual([[1, 2, 3]]);
});

test('a message that would make the joint one too long begins another', () => {
  const { outbox, pipe } = openOutbox();
  outbox.add(new Uint8Array(MAX_BATCH_BYTES - 1));
  outbox.add(Uint8Array.of(1));
  outbox.add(Uint8Array.of(2));
  expect(pipe.sent.map((message) => message.length)).toEqual([MAX_BATCH_BYTES]);
  outbox.flush();
  expect(pipe.sent[1]).toEqual([2]);
});

test('small messages keep their place before and after a block, which is a message of its own', () => {
  const { outbox, pipe } = openOutbox();
  outbox.add(Uint8Array.of(1));
  outbox.addBlock(Uint8Array.of(2), 2, filled(3));
  outbox.add(Uint8Array.of(4));
  outbox.flush();
  expect(pipe.sent).toEqual([[1], [2, 3, 3], [4]]);
});

test('what comes after a block that is still being read waits for it, whichever read ends first', async () => {
  const { outbox, pipe } = openOutbox();
  const [slow, quick] = [new Read(1), new Read(2)];
  outbox.addBlock(Uint8Array.of(10), 1, slow.begin);
  outbox.addBlock(Uint8Array.of(20), 1, quick.begin);
  outbox.addBlock(Uint8Array.of(30), 1, filled(3));
  outbox.add(Uint8Array.of(4));
  outbox.flush();
  await quick.succeed();
  expect(pipe.sent).toEqual([]);
  await slow.succeed();
  expect(pipe.sent).toEqual([[10, 1], [20, 2], [30, 3], [4]]);
});

test('a read that fails takes only its own block with it', async () => {
  const { outbox, pipe } = openOutbox();
  const [lost, good] = [new Read(1), new Read(2)];
  outbox.addBlock(Uint8Array.of(10), 1, lost.begin);
  outbox.addBlock(Uint8Array.of(20), 1, good.begin);
  outbox.add(Uint8Array.of(3));
  outbox.flush();
  await lost.fail();
  await good.succeed();
  expect(pipe.sent).toEqual([[20, 2], [3]]);
});

test('what a read throws is thrown on, and its block is not sent', () => {
  const { outbox, pipe } = openOutbox();
  outbox.add(Uint8Array.of(1));
  expect(() => outbox.addBlock(Uint8Array.of(2), 1, throwing)).toThrow('The disk is gone.');
  outbox.add(Uint8Array.of(3));
  outbox.flush();
  expect(pipe.sent).toEqual([[1], [3]]);
});

test('what is longer than a channel message may be leaves in parts, in order', () => {
  const { outbox, pipe } = openOutbox();
  const bitfield = Uint8Array.from({ length: 2 * MAX_CHANNEL_MESSAGE_BYTES + 5 }, (_, i) => i % 251);
  outbox.add(bitfield);
  outbox.flush();
  expect(pipe.sent.map(({ length }) => length)).toEqual([MAX_CHANNEL_MESSAGE_BYTES, MAX_CHANNEL_MESSAGE_BYTES, 5]);
  expect(pipe.sent.flat()).toEqual([...bitfield]);
});

test('the queue is congested over the high-water mark, once, and writable again at the low one', () => {
  const { outbox, pipe, told } = openOutbox();
  const send = (queued: number): void => {
    pipe.queuedBytes = queued;
    outbox.add(Uint8Array.of(1));
    outbox.flush();
  };
  send(CHANNEL_HIGH_WATER_BYTES);
  expect(told).toEqual([]);
  send(CHANNEL_HIGH_WATER_BYTES + 1);
  send(CHANNEL_HIGH_WATER_BYTES + 2);
  expect(told).toEqual(['congested']);
  pipe.queuedBytes = CHANNEL_LOW_WATER_BYTES + 1;
  outbox.handleWritable();
  expect(told).toEqual(['congested']);
  pipe.queuedBytes = CHANNEL_LOW_WATER_BYTES;
  outbox.handleWritable();
  outbox.handleWritable();
  expect(told).toEqual(['congested', 'writable']);
});

test('blocks that wait for their read count as queued until they are sent or lost', async () => {
  const { outbox, pipe, told } = openOutbox();
  const half = CHANNEL_HIGH_WATER_BYTES / 2;
  const [lost, good] = [new Read(1), new Read(2)];
  outbox.addBlock(Uint8Array.of(1), half, lost.begin);
  expect(told).toEqual([]);
  outbox.addBlock(Uint8Array.of(2), half, good.begin);
  expect(told).toEqual(['congested']);
  await lost.fail();
  // The other one and its header are still more than the low-water mark.
  expect(told).toEqual(['congested']);
  await good.succeed();
  expect(told).toEqual(['congested', 'writable']);
  expect(pipe.sent.flat()).toHaveLength(half + 1);
});

test('a pipe that takes nothing any more is told of', () => {
  const { outbox, pipe, told } = openOutbox();
  pipe.isBroken = true;
  outbox.addBlock(Uint8Array.of(1), 1, filled(2));
  expect(told).toEqual(['broken']);
});

test('the array of a block is used for the next one as soon as the pipe has it, and not while it waits', async () => {
  const { outbox, pipe } = openOutbox();
  for (const filler of [1, 2, 3]) outbox.addBlock(Uint8Array.of(0), 4, filled(filler));
  expect(new Set(pipe.buffers).size).toBe(1);
  const read = new Read(4);
  outbox.addBlock(Uint8Array.of(0), 4, read.begin);
  outbox.addBlock(Uint8Array.of(0), 4, filled(5));
  await read.succeed();
  expect(pipe.buffers[3]).toBe(pipe.buffers[0]);
  expect(pipe.buffers[4]).not.toBe(pipe.buffers[0]);
});

test('a block of another length, the last one of a file, has an array of its own length', () => {
  const { outbox, pipe } = openOutbox();
  for (const length of [4, 2, 4]) outbox.addBlock(Uint8Array.of(0), length, filled(length));
  expect(pipe.sent.map((message) => message.at(-1))).toEqual([4, 2, 4]);
  expect(pipe.buffers.map((buffer) => buffer.byteLength)).toEqual([5, 3, 5]);
});

/** First byte of a block's header. Small messages and the bytes of blocks are none of it. */
const HEADER = 254;

/** One thing that happens to an outbox. */
type Step =
  | { readonly kind: 'add'; readonly length: number }
  | { readonly kind: 'block'; readonly length: number; readonly read: 'done' | 'waits' | 'throws' }
  | { readonly kind: 'flush' }
  /** The read that has waited longest but `nth` ends. */
  | { readonly kind: 'end'; readonly nth: number; readonly isGood: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), length: fc.constantFrom(1, 2, 9, 40, MAX_BATCH_BYTES / 2) }),
  // Few lengths, so that arrays find blocks to be used for.
  fc.record({
    kind: fc.constant('block' as const),
    length: fc.constantFrom(16, 16, 64),
    read: fc.constantFrom('done' as const, 'waits' as const, 'waits' as const, 'throws' as const),
  }),
  fc.constant({ kind: 'flush' as const }),
  fc.record({ kind: fc.constant('end' as const), nth: fc.nat(5), isGood: fc.boolean() }),
);

/** What a step put in: the message that is expected of it, with bytes that no other one has, and its read while that waits. */
interface Item {
  readonly isBlock: boolean;
  readonly bytes: readonly number[];
  readonly read: Read | undefined;
  isLost: boolean;
}

test('whatever reads do, the pipe is sent every byte that was not lost, in order, and blocks as messages of their own', async () => {
  const run = async (steps: readonly Step[]): Promise<void> => {
    const { outbox, pipe } = openOutbox();
    const items: Item[] = [];
    const waiting: Item[] = [];
    const failed: Read[] = [];
    for (const [at, each] of steps.entries()) {
      // No two steps have the same bytes; 255 is what failed reads leave.
      const mark = at % HEADER;
      if (each.kind === 'add') {
        const bytes = new Uint8Array(each.length).fill(mark);
        outbox.add(bytes);
        items.push({ isBlock: false, bytes: [...bytes], read: undefined, isLost: false });
      } else if (each.kind === 'flush') outbox.flush();
      else if (each.kind === 'end') {
        const [item] = waiting.splice(Math.min(each.nth, waiting.length - 1), 1);
        if (item) item.isLost = !each.isGood;
        if (item?.read && !each.isGood) failed.push(item.read);
        await (each.isGood ? item?.read?.succeed() : item?.read?.fail());
      } else {
        const item = addBlock(outbox, each, mark);
        items.push(item);
        if (item.read) waiting.push(item);
      }
      for (const read of failed) read.writeLate();
    }
    for (const item of waiting) await item.read?.succeed();
    outbox.flush();
    const kept = items.filter(({ isLost }) => !isLost);
    expect(pipe.sent.flat()).toEqual(kept.flatMap(({ bytes }) => bytes));
    const ownMessages = pipe.sent.filter((message) => message[0] === HEADER);
    expect(ownMessages).toEqual(kept.filter(({ isBlock }) => isBlock).map(({ bytes }) => bytes));
    for (const message of pipe.sent) expect(message.length).toBeLessThanOrEqual(MAX_BATCH_BYTES);
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), run), { numRuns: 200 });
});

function addBlock(outbox: PeerOutbox, { length, read }: Extract<Step, { kind: 'block' }>, mark: number): Item {
  const header = Uint8Array.of(HEADER, mark);
  const bytes = [...header, ...Array.from({ length }, () => mark)];
  const waits = read === 'waits' ? new Read(mark) : undefined;
  try {
    outbox.addBlock(header, length, waits?.begin ?? (read === 'done' ? filled(mark) : throwing));
  } catch {
    return { isBlock: true, bytes, read: undefined, isLost: true };
  }
  return { isBlock: true, bytes, read: waits, isLost: false };
}
