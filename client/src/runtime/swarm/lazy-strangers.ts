import { MAX_ASKED_TRACKERS } from '../../../../shared/src/limits/trackers.ts';
import type { Millis } from '../../../../shared/src/machine.ts';
import type { Log } from '../../ports/log.ts';
import type { StrangerNetwork } from '../../ports/strangers.ts';
import type { StrangerId } from '../../swarm/peer-key.ts';
import type { InfoHash } from '../../swarm/types.ts';
import type { TrackerCondition } from '../../swarm/tracker/conversation.ts';
import type { StrangerPool } from './stranger-pool.ts';
import type { StrangersOwner, TorrentStrangers, TrackerGroup } from './torrent-strangers.ts';

/** Code that did not come is asked for again after so long. [ms] */
const RETRY_MS = 30_000;

/** What is fetched for WebTorrent's swarms. */
export interface StrangerCode {
  readonly TorrentStrangers: typeof TorrentStrangers;
  readonly network: StrangerNetwork;
}

/** How a tracker of a torrent is doing; `reason` is what one that refused us said. */
export interface TrackerState {
  readonly condition: TrackerCondition;
  readonly reason: string | undefined;
}

/**
 * The strangers of one torrent, whose code is fetched when the torrent first has a WebTorrent tracker to ask. Most have
 * none.
 */
export class LazyStrangers {
  readonly #owner: StrangersOwner & { readonly log: Log };
  readonly #load: () => Promise<StrangerCode>;
  readonly #pool: StrangerPool;
  #strangers: TorrentStrangers | undefined;
  #groups: readonly TrackerGroup[] = [];
  #swarms: readonly InfoHash[] = [];
  #isLoading = false;
  #retryAt: Millis = 0;

  constructor(owner: StrangersOwner & { readonly log: Log }, load: () => Promise<StrangerCode>, pool: StrangerPool) {
    this.#owner = owner;
    this.#load = load;
    this.#pool = pool;
  }

  get count(): number {
    return this.#strangers?.count ?? 0;
  }

  /**
   * Asks those of `trackers` that speak WebTorrent's protocol, as many as may be: all, or one at a time, for who goes by one
   * of these hashes. Lets all strangers go for none.
   */
  ask(trackers: readonly string[], swarms: readonly InfoHash[], isOneAtATime: boolean): void {
    const urls = trackers.filter((url) => /^wss?:/i.test(url)).slice(0, MAX_ASKED_TRACKERS);
    const groups = isOneAtATime && urls.length > 0 ? [urls] : urls.map((url) => [url]);
    const isKnown = JSON.stringify([groups, swarms]) === JSON.stringify([this.#groups, this.#swarms]);
    this.#groups = groups;
    this.#swarms = swarms;
    if (!this.#strangers) void this.#begin();
    else if (isKnown) return;
    else if (groups.length === 0) this.#strangers.stop();
    else this.#strangers.ask(groups, swarms);
  }

  completed(): void {
    this.#strangers?.completed();
  }

  stop(): void {
    this.ask([], [], false);
  }

  channelOver(peer: StrangerId, serial: number, why: string): void {
    this.#strangers?.channelOver(peer, serial, why);
  }

  nodeIsHere(...node: Parameters<TorrentStrangers['nodeIsHere']>): void {
    this.#strangers?.nodeIsHere(...node);
  }

  connectedAt(peer: StrangerId): Millis | undefined {
    return this.#strangers?.connectedAt(peer);
  }

  stateOf(url: string): TrackerState | undefined {
    return this.#strangers?.conditions().get(url);
  }

  async #begin(): Promise<void> {
    const { clock, log } = this.#owner;
    if (this.#isLoading || this.#groups.length === 0 || clock.now() < this.#retryAt) return;
    this.#isLoading = true;
    try {
      const { TorrentStrangers: Strangers, network } = await this.#load();
      this.#strangers = new Strangers(this.#owner, network, this.#pool);
      this.#strangers.ask(this.#groups, this.#swarms);
    } catch (error) {
      log.log('warn', 'trackers are not asked', { error: String(error) });
      this.#retryAt = clock.now() + RETRY_MS;
    }
    this.#isLoading = false;
  }
}
