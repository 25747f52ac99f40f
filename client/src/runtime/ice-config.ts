import { decodeServerConfig } from '../../../shared/src/signaling/config.ts';
import type { Log } from '../ports/log.ts';

/** Longest wait for the server's configuration before joining goes on without it. [ms] */
const CONFIG_TIMEOUT_MS = 3_000;

/** Pause after the server gave none, or not in time. [ms] The newest ones are looked at every second. */
const RETRY_MS = 5_000;

/** ICE servers for links and calls. TURN credentials expire, so they are fetched anew when half their life is over. */
export interface IceConfig {
  /** The newest known servers. */
  current(): readonly RTCIceServer[];
  /** Servers whose credentials are good for a while. Never rejects: falls back to the newest known ones. */
  fresh(): Promise<readonly RTCIceServer[]>;
  /** True when one of them relays. */
  hasRelay(): boolean;
}

/** What an embedder gave: it never changes. */
export function fixedIceConfig(servers: readonly RTCIceServer[]): IceConfig {
  return { current: () => servers, fresh: () => Promise.resolve(servers), hasRelay: () => hasRelay(servers) };
}

/** What the server's `/config.json` says. */
export class ServerIceConfig implements IceConfig {
  readonly #url: string;
  readonly #log: Log;
  #servers: readonly RTCIceServer[] = [];
  #goodUntil = 0;
  #fetching: Promise<void> | undefined;

  constructor(origin: string, log: Log) {
    this.#url = new URL('/config.json', origin).href;
    this.#log = log;
  }

  current(): readonly RTCIceServer[] {
    if (performance.now() >= this.#goodUntil) void this.fresh();
    return this.#servers;
  }

  async fresh(): Promise<readonly RTCIceServer[]> {
    if (performance.now() < this.#goodUntil) return this.#servers;
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    await this.#fetching;
    return this.#servers;
  }

  hasRelay(): boolean {
    return hasRelay(this.#servers);
  }

  async #fetch(): Promise<void> {
    try {
      const response = await fetch(this.#url, { signal: AbortSignal.timeout(CONFIG_TIMEOUT_MS) });
      const config = decodeServerConfig(await response.json());
      if (!config.ok) throw new Error(`config.json: ${config.error}`);
      this.#servers = config.value.iceServers;
      this.#goodUntil = performance.now() + config.value.iceTtlMs / 2;
    } catch (error) {
      this.#log.log('info', 'no configuration from the server', { error: String(error) });
      this.#goodUntil = performance.now() + RETRY_MS;
    }
  }
}

function hasRelay(servers: readonly RTCIceServer[]): boolean {
  return servers.some((server) => [server.urls].flat().some((url) => url.startsWith('turn')));
}
