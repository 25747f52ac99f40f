import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { WEB_TIMEOUT_MS } from '../../../shared/src/limits/swarm.ts';
import type { EffectResult, Metainfo, TorrentRun } from '../swarm/types.ts';
import type { WebBlock } from '../swarm/web-types.ts';
import { Layout } from './storage/layout.ts';
import { webSeedUrl } from './web-seed-url.ts';

/** A request to a web seed. */
export type WebRequest = Extract<TorrentRun, { kind: 'fetchWeb' }>;

/** Told of each block of a request, in order. */
export type OnWebBlock = (piece: number, begin: number, bytes: Uint8Array) => void;

/** Bytes of one file, or zeros that are stored nowhere. */
interface Part {
  /** Of the file; undefined for padding. */
  readonly file: number | undefined;
  readonly at: number;
  length: number;
}

/** A web seed did not answer as it should. `isFinal`: it will not the next time either. */
class WebSeedError extends Error {
  readonly isFinal: boolean;

  constructor(message: string, isFinal: boolean) {
    super(message);
    this.name = 'WebSeedError';
    this.isFinal = isFinal;
  }
}

/** Statuses of HTTP that pass by themselves (RFC 9110 §15): the others are the same the next time. */
const PASSING: readonly number[] = [408, 425, 429];

/** Asks web seeds of one torrent for blocks by HTTP ranges (BEP 19, RFC 9110 §14). */
export class WebSeedClient {
  readonly #metainfo: Metainfo;
  readonly #layout: Layout;
  readonly #fetch: typeof fetch;
  /** By the numbers of their effects. BOUNDED: by the machine. */
  readonly #running = new Map<number, AbortController>();

  constructor(metainfo: Metainfo, fetcher: typeof fetch) {
    this.#metainfo = metainfo;
    this.#layout = new Layout(metainfo.files);
    this.#fetch = fetcher;
  }

  /** Resolves to how the request ended; undefined when it was stopped. Never rejects. */
  async fetch({ effect, url, blocks }: WebRequest, onBlock: OnWebBlock): Promise<EffectResult | undefined> {
    const stop = new AbortController();
    this.#running.set(effect, stop);
    try {
      const filler = new BlockFiller(blocks, onBlock);
      for (const part of this.#partsOf(blocks)) await this.#readPart(url, part, stop, filler);
      return { kind: 'fetched' };
    } catch (error) {
      if (stop.signal.aborted && stop.signal.reason !== TOO_SLOW) return undefined;
      return { kind: 'fetchFailed', isFinal: error instanceof WebSeedError && error.isFinal };
    } finally {
      this.#running.delete(effect);
      // What is refused would go on coming.
      stop.abort();
    }
  }

  stop(effect: number): void {
    this.#running.get(effect)?.abort();
  }

  stopAll(): void {
    for (const stop of this.#running.values()) stop.abort();
  }

  /** The parts of files that hold the blocks, in order; what lies side by side is one part. */
  #partsOf(blocks: readonly WebBlock[]): Part[] {
    const parts: Part[] = [];
    for (const { piece, place, length } of blocks) {
      for (const span of this.#layout.spans(piece * this.#metainfo.pieceLength + place * BLOCK_BYTES, length)) {
        const file = this.#metainfo.files[span.file]?.isPadding === true ? undefined : span.file;
        const last = parts.at(-1);
        if (last && last.file === file && last.at + last.length === span.at) last.length += span.length;
        else parts.push({ file, at: span.at, length: span.length });
      }
    }
    return parts;
  }

  async #readPart(
    webSeed: string,
    { file, at, length }: Part,
    stop: AbortController,
    filler: BlockFiller,
  ): Promise<void> {
    if (file === undefined) return filler.add(new Uint8Array(length));
    const url = webSeedUrl(webSeed, this.#metainfo, file);
    if (url === undefined) throw new WebSeedError('this is no web seed', true);
    let timer = setTimeout(() => stop.abort(TOO_SLOW), WEB_TIMEOUT_MS);
    const body = await this.#ask(url, { file, at, length }, stop.signal).finally(() => clearTimeout(timer));
    let left = length;
    for (;;) {
      timer = setTimeout(() => stop.abort(TOO_SLOW), WEB_TIMEOUT_MS);
      const { done, value } = await body.read().finally(() => clearTimeout(timer));
      if (done) break;
      left -= value.length;
      if (left < 0) throw new WebSeedError('it sends more than it was asked for', true);
      filler.add(value);
    }
    if (left > 0) throw new WebSeedError('the answer is too short', false);
  }

  /** The body of the answer, once it is sure to be the bytes that are asked for. */
  async #ask(
    url: string,
    { file, at, length }: { readonly file: number; readonly at: number; readonly length: number },
    signal: AbortSignal,
  ): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    const response = await this.#fetch(url, {
      headers: { range: `bytes=${at}-${at + length - 1}` },
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      cache: 'no-store',
      signal,
    });
    const isWhole = response.status === 200 && at === 0 && length === this.#metainfo.files[file]?.length;
    if (response.body && (response.status === 206 || isWhole)) return response.body.getReader();
    void response.body?.cancel().catch(() => undefined);
    const isFinal = response.status < 500 && !PASSING.includes(response.status);
    throw new WebSeedError(`it answers ${response.status}`, isFinal);
  }
}

/** Why a request that nobody stopped ends. */
const TOO_SLOW = new Error('nothing comes');

/** Cuts what comes into the blocks that were asked for. */
class BlockFiller {
  readonly #blocks: readonly WebBlock[];
  readonly #onBlock: OnWebBlock;
  #next = 0;
  #filled = 0;
  #bytes = new Uint8Array(0);

  constructor(blocks: readonly WebBlock[], onBlock: OnWebBlock) {
    this.#blocks = blocks;
    this.#onBlock = onBlock;
  }

  add(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      const block = this.#blocks[this.#next];
      if (!block) return;
      if (this.#filled === 0) this.#bytes = new Uint8Array(block.length);
      const part = bytes.subarray(from, from + block.length - this.#filled);
      this.#bytes.set(part, this.#filled);
      this.#filled += part.length;
      from += part.length;
      if (this.#filled < block.length) return;
      this.#filled = 0;
      this.#next++;
      this.#onBlock(block.piece, block.place * BLOCK_BYTES, this.#bytes);
    }
  }
}
