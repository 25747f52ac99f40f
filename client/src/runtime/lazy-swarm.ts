import type { NodeId } from '../../../shared/src/ids.ts';
import { MAX_CHANNELS_PER_LINK, MAX_SWARM_FRAME_BYTES } from '../../../shared/src/limits/storage.ts';
import {
  type Download,
  type DownloadOptions,
  type RateLimits,
  type Share,
  type ShareOptions,
  SkeinError,
} from '../api.ts';
import type { Transfers } from './calls/host.ts';
import { leftError } from './left-error.ts';
import type { Link } from './links/types.ts';
import type { SwarmHost } from './swarm/host.ts';
import type { SwarmService } from './swarm/service.ts';

/**
 * How long `start` waits for the code at most. [ms] Several times what the slowest usable link takes for it; whoever
 * waits longer is better off with a node that has no files yet.
 */
const LOAD_PATIENCE_MS = 3_000;

/** Code that did not come is asked for again after this long. [ms] */
const RETRY_MS = 2_000;

/** What `import` gives for the code of the swarm. */
type SwarmCode = typeof import('./swarm/service.ts');

/** What the node is told of its swarms. */
export interface SwarmHandler {
  /** A share began. */
  share(share: Share): void;
  /** A download began: newly, or again after a reload. */
  download(download: Download): void;
  /** The browser lets nothing be stored: what should have been kept lives in memory. */
  nothingKept(): void;
}

/** Fetches the code of the swarm, or finds it fetched. */
export function fetchSwarm(): Promise<SwarmCode> {
  return import('./swarm/service.ts');
}

/**
 * Shares and downloads, whose code is fetched while the node joins instead of before it: links and lookups need none of
 * it, and it is here before the server may go. What peers ask meanwhile is held for it.
 */
export class LazySwarm {
  readonly #host: SwarmHost;
  readonly #handler: SwarmHandler;
  readonly #fetch: () => Promise<SwarmCode>;
  /**
   * Frames that came before the code, oldest first. BOUNDED: by the links that are up, each with at most
   * MAX_CHANNELS_PER_LINK frames of MAX_SWARM_FRAME_BYTES.
   */
  readonly #early = new Map<NodeId, { readonly link: Link; readonly frames: Uint8Array[] }>();
  #loading: Promise<SwarmService> | undefined;
  #service: SwarmService | undefined;
  /** Set before the code is here, too. */
  #limits: RateLimits | undefined;
  #cancelRetry: (() => void) | undefined;
  #isClosed = false;

  /** `fetch` gives the code. */
  constructor(host: SwarmHost, handler: SwarmHandler, fetch = fetchSwarm) {
    this.#host = host;
    this.#handler = handler;
    this.#fetch = fetch;
  }

  get shares(): readonly Share[] {
    return this.#service?.shares ?? [];
  }

  get downloads(): readonly Download[] {
    return this.#service?.downloads ?? [];
  }

  /**
   * Starts to fetch the code, again and again until it is here. Resolves when shares and downloads work, when the first
   * attempt failed, or after LOAD_PATIENCE_MS. Never rejects.
   */
  async start(): Promise<void> {
    const { clock } = this.#host;
    let cancel = (): void => undefined;
    const patience = new Promise<void>((resolve) => {
      cancel = clock.setTimer(clock.now() + LOAD_PATIENCE_MS, resolve);
    });
    await Promise.race([this.#tryLoading(), patience]);
    cancel();
  }

  linkUp(link: Link): void {
    this.#service?.linkUp(link);
  }

  /** The server is there, for the first time or again. */
  serverJoined(): void {
    this.#service?.serverJoined();
  }

  linkDown(peer: NodeId): void {
    this.#early.delete(peer);
    this.#service?.linkDown(peer);
  }

  /** A control message that starts with SWARM_FRAME. */
  receiveControl(link: Link, bytes: Uint8Array): void {
    if (this.#service) this.#service.receiveControl(link, bytes);
    else this.#hold(link, bytes);
  }

  async share(files: readonly File[], options: ShareOptions = {}): Promise<Share> {
    return (await this.#load()).share(files, options);
  }

  get limits(): RateLimits {
    return this.#limits ?? {};
  }

  setLimits(limits: RateLimits): void {
    this.#limits = limits;
    this.#service?.setLimits(limits);
  }

  /** What shares and downloads move; undefined before the code is here. */
  get transfers(): Transfers | undefined {
    return this.#service;
  }

  /** Throws `not-ready` when the code did not come within `start`. */
  download(source: string | Uint8Array, options: DownloadOptions = {}): Download {
    if (this.#service) return this.#service.download(source, options);
    throw new SkeinError('not-ready', 'The code for files is still on its way. Try again in a moment.');
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetry?.();
    this.#early.clear();
    await this.#service?.close();
  }

  /** Holds what a peer asks. Of more than it may ask for at once the rest is dropped; its timers ask again. */
  #hold(link: Link, bytes: Uint8Array): void {
    if (this.#isClosed || bytes.length > MAX_SWARM_FRAME_BYTES) return;
    let held = this.#early.get(link.peer.id);
    if (held?.link !== link) {
      held = { link, frames: [] };
      this.#early.set(link.peer.id, held);
    }
    if (held.frames.length < MAX_CHANNELS_PER_LINK) held.frames.push(bytes);
  }

  async #tryLoading(): Promise<void> {
    try {
      await this.#load();
    } catch (error) {
      if (this.#isClosed) return;
      const { clock, log } = this.#host;
      log.log('warn', 'files are not available', { error: String(error) });
      this.#cancelRetry = clock.setTimer(clock.now() + RETRY_MS, () => void this.#tryLoading());
    }
  }

  async #load(): Promise<SwarmService> {
    this.#loading ??= this.#begin();
    try {
      return await this.#loading;
    } catch (cause) {
      this.#loading = undefined;
      if (cause instanceof SkeinError) throw cause;
      const message =
        'The code for files could not be fetched, the server may be gone. Calls still work; try again later.';
      throw new SkeinError('internal', message, { cause });
    }
  }

  async #begin(): Promise<SwarmService> {
    const { SwarmService: Service } = await this.#fetch();
    if (this.#isClosed) throw leftError();
    const service = new Service(this.#host);
    service.events.on('share', (share) => this.#handler.share(share));
    service.events.on('download', (download) => this.#handler.download(download));
    service.events.on('nothingKept', () => this.#handler.nothingKept());
    if (this.#limits) service.setLimits(this.#limits);
    this.#service = service;
    for (const { link, frames } of this.#early.values()) {
      for (const bytes of frames) service.receiveControl(link, bytes);
    }
    this.#early.clear();
    return service;
  }
}
