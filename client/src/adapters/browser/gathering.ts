import {
  GATHER_MS,
  GATHER_QUIET_MS,
  GATHER_RELAY_ONLY_MS,
  GATHER_TURN_MS,
} from '../../../../shared/src/limits/links.ts';
import type { Millis } from '../../../../shared/src/machine.ts';
import type { Clock } from '../../ports/clock.ts';
import { type CandidateType, hasCandidate, hasTurnServer } from './sdp.ts';

/**
 * Decides when a local description leaves. Candidates come into it one by one, and it leaves once, so it waits: for the
 * type that matters most and a moment for its siblings; no longer than is decent for that, but in any case for a first
 * candidate. Nobody can connect to a description without one, and a busy device needs longer than is decent: of 24 tabs
 * on two cores without root's rights 81 attempts in 90 s failed, after 15 s each, because the answer had none. Where only
 * relayed ones are allowed there is nothing to wait for once the relay took its time, and whoever asked is to be told.
 */
export class Gathering {
  readonly #clock: Clock;
  readonly #wanted: CandidateType;
  readonly #patienceMs: Millis;
  readonly #isRelayOnly: boolean;
  readonly #readSdp: () => string;
  readonly #done: () => void;
  #isOverdue = false;
  #isOver = false;
  #cancelTimer: (() => void) | undefined;

  /** `readSdp` reads the description as it stands; `done` is called at most once, when it is to leave. */
  constructor(
    clock: Clock,
    ice: { readonly iceServers: readonly RTCIceServer[]; readonly relayOnly: boolean },
    readSdp: () => string,
    done: () => void,
  ) {
    this.#clock = clock;
    const wantsRelay = ice.relayOnly || hasTurnServer(ice.iceServers);
    this.#wanted = wantsRelay ? 'relay' : ice.iceServers.length > 0 ? 'srflx' : 'host';
    this.#patienceMs = ice.relayOnly ? GATHER_RELAY_ONLY_MS : wantsRelay ? GATHER_TURN_MS : GATHER_MS;
    this.#isRelayOnly = ice.relayOnly;
    this.#readSdp = readSdp;
    this.#done = done;
  }

  /** The description is set; candidates follow. */
  begin(): void {
    this.#waitFor(this.#patienceMs);
  }

  /** A candidate has come into the description. */
  candidate(): void {
    if (this.#isOverdue || hasCandidate(this.#readSdp(), this.#wanted)) this.#waitFor(GATHER_QUIET_MS);
  }

  /** The browser says that there are no more candidates. */
  complete(): void {
    if (this.#isOver || this.#readSdp() === '') return;
    this.stop();
    this.#done();
  }

  stop(): void {
    this.#isOver = true;
    this.#cancelTimer?.();
  }

  #waitFor(ms: Millis): void {
    if (this.#isOver) return;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#clock.setTimer(this.#clock.now() + ms, () => this.#onTime());
  }

  #onTime(): void {
    if (this.#isRelayOnly || hasCandidate(this.#readSdp())) this.complete();
    else this.#isOverdue = true;
  }
}
