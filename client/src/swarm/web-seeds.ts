import { sha1 } from '@noble/hashes/legacy.js';
import { utf8Encode } from '../../../shared/src/bytes.ts';
import { type NodeId, nodeIdFromBytes } from '../../../shared/src/ids.ts';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import {
  ENDGAME_GAIN,
  ENDGAME_WAIT_MS,
  MAX_WEB_FETCHES,
  MAX_WEB_OPEN_BYTES,
  MAX_WEB_PAUSE_MS,
  MAX_WEB_SEEDS,
  MIN_WEB_PAUSE_MS,
  MIN_WEB_RUN_BYTES,
  TORRENT_TICK_MS,
  WEB_RUN_BYTES,
  WEB_RUN_MS,
} from '../../../shared/src/limits/swarm.ts';
import type { Deadline, Millis } from '../../../shared/src/machine.ts';
import type { Content } from './content.ts';
import type { Effects } from './effects.ts';
import type { PeerKey } from './peer-key.ts';
import { RateMeter } from './rate-meter.ts';
import type { EffectResult } from './types.ts';
import type { WebSeedInfo } from './web-types.ts';
import { WebFetch } from './web-fetch.ts';
import { chooseWebRun } from './web-run.ts';

/** What web seeds need of the torrent. */
export interface WebSeedHost {
  /** Gives a number to a request that begins. */
  beginFetch(): number;
  /** Every block of the piece is here. */
  onWholePiece(piece: number): void;
  /** Blocks became free that peers may be asked for. */
  onFreed(): void;
}

/** One server that has the files (BEP 19). `failed`: it does not serve ranges of these files, and is asked no more. */
interface WebSeed {
  readonly url: string;
  readonly id: NodeId;
  readonly meter: RateMeter;
  /** As of its last block. [bytes/s] */
  bytesPerSecond: number;
  condition: 'usable' | 'failed' | 'banned';
  failures: number;
  restsUntil: Millis;
}

/**
 * Servers that have the files of a torrent, as one more source beside the peers (BEP 19): each is asked for runs of whole
 * pieces, which are verified like any others. One that fails rests ever longer, one that sends what is wrong is asked for
 * nothing more.
 */
export class WebSeeds {
  readonly #effects: Effects;
  readonly #host: WebSeedHost;
  /** BOUNDED: by MAX_WEB_SEEDS. */
  readonly #seeds = new Map<string, WebSeed>();
  /** By the numbers of their effects. BOUNDED: by MAX_WEB_FETCHES. */
  readonly #fetches = new Map<number, { readonly seed: WebSeed; readonly fetch: WebFetch }>();
  #tickAt: Millis = 0;

  constructor(effects: Effects, host: WebSeedHost) {
    this.#effects = effects;
    this.#host = host;
  }

  add(urls: readonly string[]): void {
    for (const url of urls) {
      if (this.#seeds.size >= MAX_WEB_SEEDS || this.#seeds.has(url)) continue;
      const id = nodeIdFromBytes(sha1(utf8Encode(`web seed ${url}`)));
      const meter = new RateMeter();
      const fresh = { bytesPerSecond: 0, condition: 'usable', failures: 0, restsUntil: 0 } as const;
      this.#seeds.set(url, { url, id, meter, ...fresh });
    }
  }

  /** When there is something to do without anybody's doing. */
  next(): Deadline | undefined {
    if (this.#fetches.size > 0) return { at: this.#tickAt, why: 'look after the requests to web seeds' };
    const rests = [...this.#seeds.values()].filter(
      ({ condition, restsUntil }) => condition === 'usable' && restsUntil > 0,
    );
    const at = Math.min(...rests.map(({ restsUntil }) => restsUntil));
    return at < Infinity ? { at, why: 'ask a web seed again' } : undefined;
  }

  /** Asks for as much as may be under way, and gives up requests that nobody needs any more. */
  pump(content: Content, now: Millis): void {
    if (this.#seeds.size === 0) return;
    if (this.#fetches.size > 0 && now >= this.#tickAt) this.#tick(content, now);
    for (const seed of this.#seeds.values()) if (seed.restsUntil <= now) seed.restsUntil = 0;
    if (content.isFinished || (content.hashes && !content.hashes.isReady)) return;
    for (let seed = this.#idlest(now); seed; seed = this.#idlest(now))
      if (!this.#begin(seed, content, now) && !this.#relieve(seed, content, now)) return;
  }

  /** A block came that was asked for. */
  onBlock(effect: number, piece: number, begin: number, bytes: Uint8Array, content: Content, now: Millis): void {
    const entry = this.#fetches.get(effect);
    const block = piece * content.picker.blocks.perPiece + begin / BLOCK_BYTES;
    if (bytes.length !== content.picker.blocks.lengthOf(block) || !entry?.fetch.take(block, bytes.length, now)) return;
    const { seed, fetch } = entry;
    seed.meter.add(bytes.length, now);
    seed.bytesPerSecond = seed.meter.perSecond(now);
    seed.failures = 0;
    if (!fetch.isOpen(piece, content.picker)) {
      content.downloader.wastedBytes += bytes.length;
      return;
    }
    const outcome = content.downloader.onWebBlock(seed.id, piece, begin, bytes, now);
    if (outcome === 'whole') this.#host.onWholePiece(piece);
  }

  /** A request ended: all of it came, or it failed. */
  onDone(effect: number, result: EffectResult, content: Content | undefined, now: Millis): void {
    const entry = this.#fetches.get(effect);
    if (!entry) return;
    const { seed } = entry;
    this.#end(effect, content);
    if (result.kind !== 'fetchFailed') return;
    if (result.isFinal && seed.condition === 'usable') seed.condition = 'failed';
    // Several requests that fail together failed once.
    if (seed.restsUntil > now) return;
    seed.failures++;
    seed.restsUntil = now + Math.min(MAX_WEB_PAUSE_MS, MIN_WEB_PAUSE_MS * 2 ** (seed.failures - 1));
  }

  /** A piece that came from there alone is wrong. False when it is no web seed. */
  ban(id: PeerKey, content: Content | undefined): boolean {
    for (const seed of this.#seeds.values()) {
      if (seed.id !== id) continue;
      seed.condition = 'banned';
      for (const [effect, entry] of [...this.#fetches]) if (entry.seed === seed) this.#abort(effect, content);
      return true;
    }
    return false;
  }

  /** Ends every request. */
  stop(content: Content | undefined): void {
    for (const effect of [...this.#fetches.keys()]) this.#abort(effect, content);
  }

  infos(now: Millis): WebSeedInfo[] {
    return [...this.#seeds.values()].map((seed) => ({
      url: seed.url,
      state: this.#stateOf(seed, now),
      downBytesPerSecond: seed.meter.perSecond(now),
      downloadedBytes: seed.meter.total,
    }));
  }

  #stateOf(seed: WebSeed, now: Millis): WebSeedInfo['state'] {
    if (seed.condition !== 'usable') return seed.condition;
    if (this.#fetchesOf(seed) > 0) return 'fetching';
    return seed.restsUntil > now ? 'resting' : 'idle';
  }

  /** The seed with the fewest requests that may be asked for more; undefined when none may. */
  #idlest(now: Millis): WebSeed | undefined {
    if (this.#fetches.size >= MAX_WEB_FETCHES) return undefined;
    let idlest: WebSeed | undefined;
    for (const seed of this.#seeds.values()) {
      if (seed.condition !== 'usable' || seed.restsUntil > now) continue;
      // One that failed proves itself with one request first.
      if (seed.failures > 0 && this.#fetchesOf(seed) > 0) continue;
      if (!idlest || this.#fetchesOf(seed) < this.#fetchesOf(idlest)) idlest = seed;
    }
    return idlest;
  }

  #fetchesOf(seed: WebSeed): number {
    let count = 0;
    for (const entry of this.#fetches.values()) if (entry.seed === seed) count++;
    return count;
  }

  /** False when there is nothing to ask for now. */
  #begin(seed: WebSeed, content: Content, now: Millis): boolean {
    const { downloader, picker, metainfo } = content;
    const underWay = [...this.#fetches.values()].reduce((sum, { fetch }) => sum + fetch.length, 0);
    if (underWay > 0 && underWay + metainfo.pieceLength > MAX_WEB_OPEN_BYTES) return false;
    if (!downloader.limit.hasRoom(now)) {
      downloader.throttledUntil = downloader.limit.roomAt(now);
      return false;
    }
    const pieces = chooseWebRun(picker, metainfo.pieceLength, runBytes(seed, now), now);
    const [first] = pieces;
    if (first === undefined) return false;
    const fetch = new WebFetch(seed.id, pieces, picker, now);
    const effect = this.#host.beginFetch();
    this.#fetches.set(effect, { seed, fetch });
    downloader.foreign.add(fetch);
    downloader.limit.spend(fetch.length);
    this.#effects.run({ kind: 'fetchWeb', effect, url: seed.url, blocks: fetch.blocks });
    if (this.#fetches.size === 1) this.#tickAt = now + TORRENT_TICK_MS;
    return true;
  }

  /**
   * Has a seed that has nothing to do take over from one that is sure to be slower, as peers do at the end: a slow one is
   * not to hold up what it was asked for. False when there is no such.
   */
  #relieve(seed: WebSeed, content: Content, now: Millis): boolean {
    // What has no room under the limit would be asked of nobody.
    if (this.#fetchesOf(seed) > 0 || !content.downloader.limit.hasRoom(now)) return false;
    for (const [effect, { fetch }] of this.#fetches) {
      const { counted } = fetch.outstanding;
      const ownMs = (1000 * counted * BLOCK_BYTES) / seed.bytesPerSecond;
      const leftMs = fetch.pipeline.expectedMs(counted, now - fetch.progressAt);
      if (counted === 0 || leftMs <= ENDGAME_WAIT_MS + ENDGAME_GAIN * ownMs) continue;
      this.#abort(effect, content);
      return this.#begin(seed, content, now);
    }
    return false;
  }

  #tick(content: Content, now: Millis): void {
    this.#tickAt = now + TORRENT_TICK_MS;
    for (const [effect, { fetch }] of [...this.#fetches]) {
      fetch.pipeline.tick(now);
      if (content.isFinished || !fetch.isNeeded(content.picker)) this.#abort(effect, content);
    }
  }

  #abort(effect: number, content: Content | undefined): void {
    this.#effects.run({ kind: 'stopWeb', effect });
    this.#end(effect, content);
  }

  #end(effect: number, content: Content | undefined): void {
    const entry = this.#fetches.get(effect);
    this.#fetches.delete(effect);
    if (!entry || !content) return;
    content.downloader.foreign.delete(entry.fetch);
    content.downloader.forget(entry.fetch.outstanding);
    entry.fetch.release(content.picker);
    this.#host.onFreed();
  }
}

/** How much one request is to ask of the seed, so that all of them together are answered in WEB_RUN_MS. [bytes] */
function runBytes({ meter }: WebSeed, now: Millis): number {
  const bytes = (meter.perSecond(now) * WEB_RUN_MS) / 1000 / MAX_WEB_FETCHES;
  return Math.min(WEB_RUN_BYTES, Math.max(MIN_WEB_RUN_BYTES, bytes));
}
