import { expect, test, vi } from 'vitest';
import { concatBytes, equalBytes } from '../../../shared/src/bytes.ts';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { WEB_TIMEOUT_MS } from '../../../shared/src/limits/swarm.ts';
import { type LabContent, makeContent } from '../swarm/test/lab.ts';
import type { EffectResult } from '../swarm/types.ts';
import type { WebBlock } from '../swarm/web-types.ts';
import { WebSeedClient } from './web-seed-client.ts';
import { webSeedUrl } from './web-seed-url.ts';

const KIB = 1024;
const PIECE = 32 * KIB;
const ROOT = 'https://seed.example/files/';

/** Every block of some pieces, as the machine asks for them. */
function blocksOf(
  { metainfo, bytes }: LabContent,
  pieces: readonly number[],
  lengthOf?: (piece: number) => number,
): WebBlock[] {
  return pieces.flatMap((piece) => {
    const length = lengthOf?.(piece) ?? Math.min(metainfo.pieceLength, bytes.length - piece * metainfo.pieceLength);
    return Array.from({ length: Math.ceil(length / BLOCK_BYTES) }, (_, place) => ({
      piece,
      place,
      length: Math.min(BLOCK_BYTES, length - place * BLOCK_BYTES),
    }));
  });
}

interface Asked {
  readonly url: string;
  readonly range: string;
  readonly init: RequestInit;
}

/** A server that has the files of the content, and what it was asked. `answer` may change what it says. */
class Server {
  readonly asked: Asked[] = [];
  readonly #content: LabContent;
  readonly #answer: (asked: Asked, bytes: Uint8Array<ArrayBuffer>) => Response | Promise<Response>;

  constructor(
    content: LabContent,
    answer?: (asked: Asked, bytes: Uint8Array<ArrayBuffer>) => Response | Promise<Response>,
  ) {
    this.#content = content;
    this.#answer = answer ?? ((_, bytes) => new Response(inParts(bytes), { status: 206 }));
  }

  readonly fetch = async (url: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const asked = {
      url: url instanceof Request ? url.url : url.toString(),
      range: new Headers(init.headers).get('range') ?? '',
      init,
    };
    this.asked.push(asked);
    const { metainfo, bytes } = this.#content;
    const index = metainfo.files.findIndex((_, at) => webSeedUrl(ROOT, metainfo, at) === asked.url);
    const file = metainfo.files[index];
    if (!file) return new Response(null, { status: 404 });
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(asked.range) ?? [];
    const part = bytes.slice(file.offset + Number(first), file.offset + Number(last) + 1);
    return this.#answer(asked, part);
  };
}

/** A body that comes in parts that fit no block. */
function inParts(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(at, at + 7000));
      at += 7000;
    },
  });
}

interface Outcome {
  readonly result: EffectResult | undefined;
  readonly blocks: { readonly piece: number; readonly begin: number; readonly bytes: Uint8Array }[];
}

async function run(content: LabContent, server: Server, blocks: readonly WebBlock[], url = ROOT): Promise<Outcome> {
  const got: Outcome['blocks'] = [];
  const client = new WebSeedClient(content.metainfo, server.fetch);
  const result = await client.fetch({ kind: 'fetchWeb', effect: 1, url, blocks }, (piece, begin, bytes) =>
    got.push({ piece, begin, bytes }),
  );
  return { result, blocks: got };
}

test('blocks come whole and in order, from one request for each file that they lie in', async () => {
  const content = makeContent(1, [100 * KIB, 3, 50 * KIB], PIECE);
  const server = new Server(content);
  const { result, blocks } = await run(content, server, blocksOf(content, [2, 3, 4]));
  expect(result).toEqual({ kind: 'fetched' });
  expect(equalBytes(concatBytes(...blocks.map(({ bytes }) => bytes)), content.bytes.subarray(2 * PIECE))).toBe(true);
  expect(blocks.map(({ piece, begin }) => [piece, begin])).toEqual(
    blocksOf(content, [2, 3, 4]).map(({ piece, place }) => [piece, place * BLOCK_BYTES]),
  );
  expect(server.asked.map(({ url, range }) => [url, range])).toEqual([
    [`${ROOT}a%20share/file%200`, `bytes=${2 * PIECE}-${100 * KIB - 1}`],
    [`${ROOT}a%20share/file%201`, 'bytes=0-2'],
    [`${ROOT}a%20share/file%202`, `bytes=0-${50 * KIB - 1}`],
  ]);
  expect(server.asked[0]?.init).toMatchObject({ credentials: 'omit', referrerPolicy: 'no-referrer' });
});

test('padding is asked of nobody', async () => {
  const content = makeContent(2, [10 * KIB, 40 * KIB], PIECE, 'hybrid');
  const server = new Server(content);
  const { result, blocks } = await run(content, server, [
    { piece: 0, place: 0, length: 10 * KIB },
    { piece: 1, place: 0, length: BLOCK_BYTES },
  ]);
  expect(result).toEqual({ kind: 'fetched' });
  expect(blocks.map(({ bytes }) => bytes.length)).toEqual([10 * KIB, BLOCK_BYTES]);
  expect(server.asked.map(({ range }) => range)).toEqual([`bytes=0-${10 * KIB - 1}`, `bytes=0-${BLOCK_BYTES - 1}`]);
});

test.each([
  ['404', 404, true],
  ['403', 403, true],
  ['500', 500, false],
  ['503', 503, false],
  ['429', 429, false],
])('an answer %s fails, for good or for a while', async (_, status, isFinal) => {
  const content = makeContent(3, [64 * KIB], PIECE);
  const { result, blocks } = await run(
    content,
    new Server(content, () => new Response('no', { status })),
    blocksOf(content, [0]),
  );
  expect([result, blocks]).toEqual([{ kind: 'fetchFailed', isFinal }, []]);
});

test('a server without ranges is given up, unless it is asked for a whole file', async () => {
  const content = makeContent(4, [64 * KIB], PIECE);
  const whole = (_: Asked, bytes: Uint8Array<ArrayBuffer>): Response => new Response(bytes, { status: 200 });
  expect((await run(content, new Server(content, whole), blocksOf(content, [1]))).result).toEqual({
    kind: 'fetchFailed',
    isFinal: true,
  });
  expect((await run(content, new Server(content, whole), blocksOf(content, [0, 1]))).result).toEqual({
    kind: 'fetched',
  });
});

test('more than was asked for is refused, less and a broken connection may pass by themselves', async () => {
  const content = makeContent(5, [64 * KIB], PIECE);
  const more = new Server(content, (_, bytes) => new Response(concatBytes(bytes, bytes).slice(), { status: 206 }));
  expect((await run(content, more, blocksOf(content, [0]))).result).toEqual({ kind: 'fetchFailed', isFinal: true });
  const less = new Server(content, (_, bytes) => new Response(bytes.subarray(1), { status: 206 }));
  expect((await run(content, less, blocksOf(content, [0]))).result).toEqual({ kind: 'fetchFailed', isFinal: false });
  const broken = new Server(content, () => Promise.reject(new TypeError('Failed to fetch')));
  expect((await run(content, broken, blocksOf(content, [0]))).result).toEqual({ kind: 'fetchFailed', isFinal: false });
});

test('a server that sends on and on is not listened to any longer than it is asked', async () => {
  const content = makeContent(10, [64 * KIB], PIECE);
  let isCancelled = false;
  const endless = new Server(content, ({ init }) => {
    init.signal?.addEventListener('abort', () => (isCancelled = true));
    return new Response(new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(7000)) }), { status: 206 });
  });
  expect((await run(content, endless, blocksOf(content, [0]))).result).toEqual({ kind: 'fetchFailed', isFinal: true });
  expect(isCancelled).toBe(true);
});

test('a request that is stopped says nothing more, and one that stands still fails', async () => {
  vi.useFakeTimers();
  try {
    const content = makeContent(6, [64 * KIB], PIECE);
    const silent = new Server(
      content,
      ({ init }) =>
        new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error))),
    );
    const client = new WebSeedClient(content.metainfo, silent.fetch);
    const request = { kind: 'fetchWeb', url: ROOT, blocks: blocksOf(content, [0]) } as const;
    const stopped = client.fetch({ ...request, effect: 1 }, () => undefined);
    client.stop(1);
    expect(await stopped).toBeUndefined();
    const slow = client.fetch({ ...request, effect: 2 }, () => undefined);
    await vi.advanceTimersByTimeAsync(WEB_TIMEOUT_MS);
    expect(await slow).toEqual({ kind: 'fetchFailed', isFinal: false });
  } finally {
    vi.useRealTimers();
  }
});

test('however many files there are, an address is found without a look at all of them', () => {
  const { metainfo } = makeContent(9, [100, 100], PIECE);
  let looks = 0;
  const files = Array.from({ length: 1000 }, (_, i) => ({
    path: [`file ${i}`],
    length: 1,
    offset: i,
    piecesRoot: undefined,
    get isPadding() {
      looks++;
      return false;
    },
  }));
  expect(webSeedUrl(ROOT, { ...metainfo, files }, 999)).toBe(`${ROOT}a%20share/file%20999`);
  expect(looks).toBeLessThan(10);
});

test('a single file with padding behind it is at the address itself', () => {
  const { metainfo } = makeContent(7, [100], PIECE);
  const padding = { path: ['.pad', '0'], length: 50, offset: 100, isPadding: true, piecesRoot: undefined };
  const padded = { ...metainfo, files: [...metainfo.files, padding] };
  expect(webSeedUrl('https://a.example/film.mp4', padded, 0)).toBe('https://a.example/film.mp4');
});

test('a single file is at the address itself, or below it when that is a folder', () => {
  const { metainfo } = makeContent(7, [100], PIECE);
  expect(webSeedUrl('https://a.example/film.mp4?token=1', metainfo, 0)).toBe('https://a.example/film.mp4?token=1');
  expect(webSeedUrl('https://a.example/films/', metainfo, 0)).toBe('https://a.example/films/file%200');
});

test.each([
  'ftp://a.example/',
  'file:///etc/passwd',
  'https://user:password@a.example/',
  'http://192.168.1.1/reboot?now=1',
  'http://localhost:8080/?q=1',
  'http://[::1]/?q=1',
  'nonsense',
])('%s is asked for nothing', async (url) => {
  const content = makeContent(8, [64 * KIB], PIECE);
  const server = new Server(content);
  expect((await run(content, server, blocksOf(content, [0]), url)).result).toEqual({
    kind: 'fetchFailed',
    isFinal: true,
  });
  expect(server.asked).toEqual([]);
});
