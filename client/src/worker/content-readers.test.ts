import { expect, test } from 'vitest';
import { equalBytes } from '../../../shared/src/bytes.ts';
import {
  MAX_READERS,
  READER_IDLE_MS,
  READ_BYTES_PER_SECOND,
  READ_CHUNK_BYTES,
} from '../../../shared/src/limits/storage.ts';
import { makeContent } from '../swarm/test/lab.ts';
import { PieceSet } from './bitfield.ts';
import { ContentReaders, type ReadPort } from './content-readers.ts';
import type { ReadReply, ReadRequest } from './protocol.ts';
import { MemoryBudget, MemoryStore } from './storage/memory.ts';
import { TorrentContent } from './torrent-content.ts';

const KIB = 1024;
const PIECE = 64 * KIB;

/** The far end of a reader. */
class Port implements ReadPort {
  onmessage: ((event: MessageEvent<ReadRequest>) => void) | null = null;
  readonly replies: ReadReply[] = [];
  isClosed = false;

  postMessage(reply: ReadReply): void {
    this.replies.push(reply);
  }

  close(): void {
    this.isClosed = true;
  }

  async say(kind: ReadRequest['kind']): Promise<void> {
    this.onmessage?.({ data: { kind } } as MessageEvent<ReadRequest>);
    // Memory is read within the turn; the answer follows in the microtasks behind it.
    await Promise.resolve();
  }

  get bytes(): Uint8Array {
    return Buffer.concat(this.replies.map((reply) => (reply.kind === 'chunk' ? reply.bytes : new Uint8Array(0))));
  }
}

/** Two files, of 1 MiB and 2 MiB less one byte, of which some pieces are stored, and what readers of them ask for. */
class Scene {
  readonly source = makeContent(90, [1024 * KIB, 2048 * KIB - 1], PIECE);
  readonly store = new MemoryStore(this.source.metainfo.files, new MemoryBudget());
  readonly content = new TorrentContent(this.store, {
    failed: () => undefined,
    blockBad: () => undefined,
    blockGood: () => undefined,
    unreadable: () => undefined,
  });
  readonly deadlines = new Map<number, number>();
  now = 0;
  readonly readers = new ContentReaders(this.content, {
    now: () => this.now,
    setDeadline: (piece, at) => {
      if (at < Infinity) this.deadlines.set(piece, at);
      else this.deadlines.delete(piece);
    },
  });

  constructor(isComplete = false) {
    const { metainfo } = this.source;
    const pieces = Math.ceil(metainfo.totalLength / PIECE);
    this.content.know(metainfo, isComplete ? PieceSet.full(pieces) : new PieceSet(pieces));
    this.store.write(0, this.source.bytes.slice());
  }

  async stored(...pieces: number[]): Promise<void> {
    for (const piece of pieces) {
      this.content.stored?.add(piece);
      this.deadlines.delete(piece);
    }
    this.readers.pieceStored();
    await Promise.resolve();
  }

  open(index: number, begin: number, end: number): Port {
    const port = new Port();
    this.readers.open({ index, begin, end }, port);
    return port;
  }
}

test('a complete file is read chunk by chunk, each when it is asked for, and then ends', async () => {
  const scene = new Scene(true);
  const file = scene.source.metainfo.files[1]!;
  const port = scene.open(1, 5, file.length);
  expect(port.replies).toEqual([]);
  for (let asked = 1; !port.isClosed; asked++) {
    await port.say('pull');
    expect(port.replies).toHaveLength(asked);
  }
  const chunks = Math.ceil((file.length - 5) / READ_CHUNK_BYTES);
  expect(port.replies.map(({ kind }) => kind)).toEqual([...Array.from({ length: chunks }, () => 'chunk'), 'end']);
  expect(equalBytes(port.bytes, scene.source.bytes.subarray(file.offset + 5, file.offset + file.length))).toBe(true);
  expect(scene.deadlines.size).toBe(0);
});

test('a range that reaches beyond the file ends with it, and one behind its end is empty', async () => {
  const scene = new Scene(true);
  const port = scene.open(0, 1024 * KIB - 10, 1e12);
  await port.say('pull');
  await port.say('pull');
  expect([port.bytes.length, port.replies.at(-1)]).toEqual([10, { kind: 'end' }]);
  const behind = scene.open(0, 1e12, 2e12);
  await behind.say('pull');
  expect(behind.replies).toEqual([{ kind: 'end' }]);
});

test('what is missing is waited for, and what lies ahead has deadlines in order, the nearest now', async () => {
  const scene = new Scene();
  const port = scene.open(0, PIECE + 10, 1024 * KIB);
  await port.say('pull');
  expect(port.replies).toEqual([]);
  // Of sixteen pieces the first lies behind the reader.
  expect([...scene.deadlines.keys()]).toEqual(Array.from({ length: 15 }, (_, at) => at + 1));
  expect(scene.deadlines.get(1)).toBe(0);
  expect(scene.deadlines.get(3)).toBeCloseTo((1000 * (2 * PIECE - 10)) / READ_BYTES_PER_SECOND);
  await scene.stored(2);
  expect(port.replies).toEqual([]);
  await scene.stored(1);
  expect(port.bytes.length).toBe(2 * PIECE - 10);
  expect(equalBytes(port.bytes, scene.source.bytes.subarray(PIECE + 10, 3 * PIECE))).toBe(true);
});

test('a player that seeks takes the deadlines of the place that it left with it', async () => {
  const scene = new Scene();
  const before = scene.open(1, 0, PIECE);
  await before.say('pull');
  expect([...scene.deadlines.keys()]).toEqual([16]);
  await before.say('cancel');
  expect([before.isClosed, scene.deadlines.size]).toEqual([true, 0]);
  const after = scene.open(1, 20 * PIECE, 21 * PIECE);
  await after.say('pull');
  expect([...scene.deadlines.keys()]).toEqual([36]);
});

test('a reader that asks for nothing more leaves the order of the rest to others', async () => {
  const scene = new Scene();
  const port = scene.open(0, 0, 1024 * KIB);
  await port.say('pull');
  await scene.stored(0);
  expect(scene.deadlines.size).toBe(15);
  scene.now += READER_IDLE_MS;
  await scene.stored(1);
  expect(scene.deadlines.size).toBe(0);
  await port.say('pull');
  expect(port.bytes.length).toBe(2 * PIECE);
  expect(scene.deadlines.size).toBe(14);
});

test('a file of a torrent whose storage failed or that is not known is refused in words', () => {
  const scene = new Scene();
  const port = scene.open(7, 0, 1);
  expect(port.isClosed).toBe(true);
  expect(port.replies).toMatchObject([{ kind: 'failure', code: 'not-ready' }]);
});

test('of too many readers the one that asked longest ago is ended, and the end of a torrent ends all', async () => {
  const scene = new Scene();
  const ports: Port[] = [];
  for (let at = 0; at <= MAX_READERS; at++) {
    scene.now = at;
    ports.push(scene.open(0, 0, 10));
  }
  expect(ports.map(({ isClosed }) => isClosed).indexOf(false)).toBe(1);
  scene.readers.stop();
  expect(ports.every(({ isClosed }) => isClosed)).toBe(true);
  expect(ports.at(-1)?.replies).toMatchObject([{ kind: 'failure', code: 'not-found' }]);
});

test('storage that cannot be read ends the reader with its sentence', async () => {
  const scene = new Scene(true);
  Object.assign(scene.store, { read: () => Promise.reject(new Error('the disk is gone')) });
  const port = scene.open(0, 0, 10);
  await port.say('pull');
  await new Promise((resolve) => setImmediate(resolve));
  expect(port.replies).toMatchObject([{ kind: 'failure', code: 'storage-failed' }]);
  expect(port.isClosed).toBe(true);
});
