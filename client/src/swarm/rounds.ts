import { RECHOKE_MS, TORRENT_TICK_MS } from '../../../shared/src/limits/swarm.ts';
import type { Deadline, Millis } from '../../../shared/src/machine.ts';
import { TimerTable } from '../../../shared/src/timer-table.ts';
import type { Content } from './content.ts';
import type { PeerExchange } from './peer-exchange.ts';
import type { PeerKey } from './peer-key.ts';
import type { PeerRoster } from './peer-roster.ts';
import type { PeerSession } from './peer-session.ts';
import type { Slots } from './slots.ts';
import type { SuperSeeder } from './super-seeder.ts';
import type { Uploader } from './uploader.ts';

type Timer = 'complete' | 'tick' | 'rechoke' | 'upload' | 'answer' | 'download';

/** What the recurring work needs of the torrent. */
export interface RoundHost {
  /** Undefined before the metadata is known. */
  readonly content: Content | undefined;
  readonly isRunning: boolean;
  /** Peers may be asked for more. */
  onFreed(): void;
}

/** Those who have work to do again and again. */
export interface RoundParts {
  readonly peers: PeerRoster;
  readonly uploader: Uploader;
  readonly slots: Slots;
  readonly exchange: PeerExchange;
  readonly superSeeder: SuperSeeder;
}

/**
 * When a torrent does something unasked: it looks after its peers every second and ranks them every ten, as long as there
 * are any, and comes back to send or to ask for more when a burst or a limit allows it.
 */
export class Rounds {
  readonly #host: RoundHost;
  readonly #parts: RoundParts;
  readonly #sessions: ReadonlyMap<PeerKey, PeerSession>;
  readonly #timers = new TimerTable<Timer>();
  /** Whose turn it is to be served first. */
  #turn = 0;

  constructor(host: RoundHost, parts: RoundParts) {
    this.#host = host;
    this.#parts = parts;
    this.#sessions = parts.peers.sessions;
  }

  next(): Deadline | undefined {
    return this.#timers.next();
  }

  /** Every piece was here from the start: that is said as soon as somebody can hear it. */
  beginComplete(): void {
    this.#timers.set('complete', 0, 'say that every piece is here');
  }

  /** There is a peer. */
  begin(now: Millis): void {
    if (!this.#timers.has('tick')) this.#setTick(now);
    if (!this.#timers.has('rechoke')) this.#setRechoke(now);
  }

  stop(): void {
    for (const timer of ['complete', 'tick', 'rechoke', 'upload', 'answer', 'download'] as const)
      this.#timers.clear(timer);
  }

  onDeadline(now: Millis): void {
    for (let timer = this.#timers.takeExpired(now); timer; timer = this.#timers.takeExpired(now)) {
      if (timer === 'tick') this.#tick(now);
      else if (timer === 'rechoke') this.#rechoke(now);
      else if (timer === 'upload' || timer === 'answer') this.pumpAll(now);
      else if (timer === 'download') this.#host.onFreed();
    }
  }

  /** Sends the peer what may be sent now; the rest when it may. */
  pump(session: PeerSession, now: Millis): void {
    this.#host.content?.hashes?.serve(session, now);
    const again = this.#parts.uploader.pump(session, this.#host.content?.metainfo.infoBytes, now);
    if (again !== undefined && !this.#timers.has('upload')) this.#timers.set('upload', again, 'send further blocks');
  }

  /** Under a limit whoever comes first takes what there is, so everybody comes first in turn. */
  pumpAll(now: Millis): void {
    this.#timers.clear('upload');
    const sessions = [...this.#sessions.values()];
    const first = sessions.length === 0 ? 0 : this.#turn++ % sessions.length;
    for (const session of [...sessions.slice(first), ...sessions.slice(0, first)]) this.pump(session, now);
  }

  /** Comes back when a limit lets answers go, or peers be asked for more. */
  throttle(now: Millis): void {
    const { answers } = this.#parts.uploader;
    if (answers.heldUntil !== undefined)
      this.#timers.set('answer', Math.max(now + 1, answers.heldUntil), 'send answers');
    answers.heldUntil = undefined;
    const downloader = this.#host.content?.downloader;
    if (downloader?.throttledUntil === undefined) return;
    this.#timers.set('download', Math.max(now + 1, downloader.throttledUntil), 'ask for more');
    downloader.throttledUntil = undefined;
  }

  #tick(now: Millis): void {
    const { peers, exchange, slots, superSeeder } = this.#parts;
    peers.tick(now);
    const { content, isRunning } = this.#host;
    // Peers of a private torrent come from its tracker alone (BEP 27).
    if (isRunning && content?.metainfo.isPrivate !== true) exchange.tick(now);
    if (isRunning && content) {
      slots.lend(content.isFinished, now);
      superSeeder.tick(content, now);
    }
    this.#host.onFreed();
    if (this.#sessions.size > 0) this.#setTick(now);
  }

  #rechoke(now: Millis): void {
    const { content, isRunning } = this.#host;
    if (this.#sessions.size > 0) this.#setRechoke(now);
    if (isRunning && content) this.#parts.slots.rechoke(content.isFinished, now);
    for (const session of this.#sessions.values()) {
      session.receivedThisRound = 0;
      session.sentThisRound = 0;
    }
  }

  #setTick(now: Millis): void {
    this.#timers.set('tick', now + TORRENT_TICK_MS, 'look after the peers');
  }

  #setRechoke(now: Millis): void {
    this.#timers.set('rechoke', now + RECHOKE_MS, 'rank the peers');
  }
}
