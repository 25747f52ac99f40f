import type { NodeId } from '../../../shared/src/ids.ts';
import {
  DIAL_BACKOFF_MAX_MS,
  DIAL_BACKOFF_MS,
  DIAL_PROVEN_MS,
  DIAL_TIMEOUT_MS,
  MAX_REFUSAL_DOUBLINGS,
  PRUNE_HOLD_OFF_MS,
  REFUSAL_HOLD_OFF_MS,
} from '../../../shared/src/limits/overlay-links.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { BrokenPairs } from './broken-pairs.ts';
import type { Bucket } from './bucket.ts';
import type { Core } from './core.ts';
import { type DialState, type Entry, newDial } from './entry.ts';
import type { RoutingTable } from './routing-table.ts';

/** What came of a dial, beyond that there is no link. */
export interface DialFailure {
  readonly isPeerAtFault: boolean;
  /** The peer answered, but the two of us cannot be connected. */
  readonly isPairBroken?: boolean;
  /** The peer has enough links, and neither of us needs this one. */
  readonly isRefused?: boolean;
  /** It was not dialled, as an attempt had failed shortly before. */
  readonly isRemembered?: boolean;
}

/** Every so many dials do not ask who is near: what peers say of their places brings nobody a whole bucket of ours. */
const FAR_DIAL = 5;

/** Our dials under way, and who may be dialled after what became of earlier ones. */
export class Dials {
  readonly #core: Core;
  readonly #table: RoutingTable;
  readonly #pairs: BrokenPairs;
  /** BOUNDED: by MAX_DIALS, which the link policy keeps to. */
  readonly #open: Entry[] = [];
  #dialedAt: Millis = Number.NEGATIVE_INFINITY;
  #count = 0;
  /** Spare dials that were refused since a link came up: everybody around has enough. */
  #refusals = 0;

  constructor(core: Core, table: RoutingTable, pairs: BrokenPairs) {
    this.#core = core;
    this.#table = table;
    this.#pairs = pairs;
  }

  /** Dials under way, those that ended since `expire` included. */
  get length(): number {
    return this.#open.length;
  }

  /** True when it is the turn of a dial that does not look at places. */
  get isForAnyPlace(): boolean {
    return this.#count % FAR_DIAL === 0;
  }

  /** How many times as long as usual spare dials wait, after refusals. */
  get patience(): number {
    return 2 ** this.#refusals;
  }

  /** When a dial may follow the last one after `paceMs`. */
  nextAt(paceMs: Millis): Millis {
    return this.#dialedAt + paceMs;
  }

  inBucket(bucket: Bucket): number {
    let count = 0;
    for (const entry of this.#open) if (entry.isDialing && this.#table.buckets[entry.bucket] === bucket) count++;
    return count;
  }

  start(entry: Entry, isSpare: boolean): void {
    const dial = dialOf(entry);
    dial.since = this.#core.now;
    dial.isSpare = isSpare;
    this.#open.push(entry);
    this.#dialedAt = this.#core.now;
    this.#count++;
    this.#core.out.push({ kind: 'openLink', contact: entry.contact, isSpare });
  }

  /** Gives up those that nobody answered, and forgets those that ended. */
  expire(): void {
    for (let i = this.#open.length - 1; i >= 0; i--) {
      const entry = this.#open[i] as Entry;
      const since = entry.dial?.since;
      if (since !== undefined && this.#core.now - since >= DIAL_TIMEOUT_MS) this.#backOff(entry);
      if (!entry.isDialing) this.#open.splice(i, 1);
    }
  }

  onLinkUp(): void {
    this.#refusals = 0;
  }

  /** The peer at fault leaves the table; another is tried again later, one that answered but could not be connected to much later. */
  onFailed(id: NodeId, { isPeerAtFault, isPairBroken, isRefused, isRemembered }: DialFailure): void {
    const entry = this.#table.get(id);
    if (isRemembered) return this.#hold(entry);
    if (isPairBroken) this.#pairs.add(id, this.#core.now);
    if (entry?.link) return;
    if (entry && isRefused) this.#onRefused(entry);
    else if (entry) this.#backOff(entry);
    if (isPeerAtFault) this.#table.dropUnreachable(id, this.#core.now);
  }

  /** The link to `entry`, which is in `network`, was given up by one of the two. */
  onPruned(entry: Entry, network: string | undefined): void {
    entry.retryAt = this.#core.now + PRUNE_HOLD_OFF_MS;
    const dial = dialOf(entry);
    dial.spareAt = this.#core.now + REFUSAL_HOLD_OFF_MS;
    dial.network = network;
  }

  /** Keeps `entry` from being dialled, and its offers from being taken, for a while: its network has its share of our links. */
  refuse(entry: Entry): void {
    entry.retryAt = this.#core.now + REFUSAL_HOLD_OFF_MS;
    dialOf(entry).refusedUntil = entry.retryAt;
  }

  /** True when `entry` may be dialled now. A spare dial keeps off who did not want the link, or is a sibling we would need if it were alive. */
  admits(entry: Entry, isSpare: boolean): boolean {
    const { now } = this.#core;
    if (entry.link || entry.retryAt > now || entry.isDialing || !this.#pairs.mayDial(entry.contact.id, now))
      return false;
    if (!isSpare) return true;
    const isHeldOff = (entry.dial?.spareAt ?? 0) > now;
    return !isHeldOff && (this.hasLivedLately(entry) || !this.#table.isSibling(entry));
  }

  /** An offer to the dead is carried around them before it is given up: only who was heard of lately gets one. */
  hasLivedLately(entry: Entry): boolean {
    return entry.lastProof >= this.#core.now - DIAL_PROVEN_MS;
  }

  #onRefused(entry: Entry): void {
    const dial = dialOf(entry);
    if (dial.isSpare) this.#refusals = Math.min(this.#refusals + 1, MAX_REFUSAL_DOUBLINGS);
    else this.#backOff(entry);
    dial.since = undefined;
    dial.spareAt = this.#core.now + REFUSAL_HOLD_OFF_MS;
  }

  /** A failure that was counted before: pauses would grow, and the peer be taken for dead for longer, by nobody's fault. */
  #hold(entry: Entry | undefined): void {
    if (!entry || entry.link) return;
    entry.retryAt = this.#core.now + DIAL_BACKOFF_MS;
    dialOf(entry).since = undefined;
  }

  #backOff(entry: Entry): void {
    const dial = dialOf(entry);
    entry.retryAt = this.#core.now + Math.min(DIAL_BACKOFF_MS * 2 ** dial.failureCount, DIAL_BACKOFF_MAX_MS);
    dial.since = undefined;
    dial.failureCount++;
  }
}

/** The dial state of a contact, made when there is none yet. */
function dialOf(entry: Entry): DialState {
  entry.dial ??= newDial();
  return entry.dial;
}
