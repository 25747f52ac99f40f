import { ID_BYTES, type NodeId, nodeIdToBytes } from '../../../../shared/src/ids.ts';
import { MAX_ANNOUNCED_OFFERS, MAX_GIVER_OFFERS, MAX_STRANGERS } from '../../../../shared/src/limits/trackers.ts';
import type { Millis } from '../../../../shared/src/machine.ts';
import { assertNever } from '../../../../shared/src/result.ts';
import type { StrangerNetwork, TrackerLine } from '../../ports/strangers.ts';
import type { StrangerId } from '../../swarm/peer-key.ts';
import {
  type Caller,
  type ConversationInput,
  type ConversationOutput,
  type TrackerCondition,
  TrackerConversation,
} from '../../swarm/tracker/conversation.ts';
import type { TorrentStand } from '../../swarm/tracker/message.ts';
import type { InfoHash } from '../../swarm/types.ts';
import { Driver } from '../driver.ts';
import { makeAlias, nextAlias } from './alias.ts';
import { type ContactsOwner, type Introduction, StrangerContacts } from './stranger-contacts.ts';
import type { TrackerState } from './lazy-strangers.ts';
import type { StrangerPool } from './stranger-pool.ts';

/** What strangers of a torrent need of the torrent and the node around it. */
export interface StrangersOwner extends ContactsOwner {
  stand(): TorrentStand;
  /** The torrent looks for sources. */
  isSeeking(): boolean;
}

/** Of a tracker that there was no connection to. */
const NO_ALIAS = new Uint8Array(ID_BYTES);

/**
 * Trackers of which one is asked at a time, and the next when it fails; whom it introduced is let go then, so that nobody is
 * a bridge between the swarms of two (BEP 27).
 */
export type TrackerGroup = readonly string[];

/** A tracker that is asked for who goes by one hash of the torrent, and those to ask in its place. */
interface Tracker {
  readonly swarm: InfoHash;
  readonly group: TrackerGroup;
  /** Place of the one that is asked; -1 before the first. */
  at: number;
  readonly conversation: TrackerConversation;
  readonly driver: Driver<ConversationInput, ConversationOutput>;
  /** Who this peer is to it, over the newest connection. */
  alias: Uint8Array;
  line: TrackerLine | undefined;
  releaseLine: () => void;
  /** What those said that refused us when they were last asked, by address. BOUNDED: by the group. */
  readonly refusals: Map<string, string>;
}

/**
 * The peers of one torrent that its WebTorrent trackers introduce. Each tracker is told what is here, and hands offers to
 * and fro.
 */
export class TorrentStrangers {
  readonly #owner: StrangersOwner;
  readonly #network: StrangerNetwork;
  readonly #pool: StrangerPool;
  readonly #contacts: StrangerContacts;
  /** Who this peer is to trackers from the next connection on. */
  #alias: Uint8Array;
  /** By their swarms and groups. BOUNDED: by MAX_ASKED_TRACKERS for each hash, kept by the caller. */
  readonly #trackers = new Map<string, Tracker>();
  constructor(owner: StrangersOwner, network: StrangerNetwork, pool: StrangerPool) {
    this.#owner = owner;
    this.#network = network;
    this.#pool = pool;
    this.#alias = makeAlias(owner.self, owner.infoHash, owner.rng);
    this.#contacts = new StrangerContacts(owner, network, pool);
  }

  /** Strangers that have a channel, or will have one. */
  get count(): number {
    return this.#contacts.count;
  }

  /** How each tracker that is asked, or refused us, is doing. */
  conditions(): ReadonlyMap<string, TrackerState> {
    const states = new Map<string, TrackerState>();
    for (const tracker of this.#trackers.values())
      for (const url of tracker.group) {
        const [before, state] = [states.get(url), stateOf(tracker, url)];
        // One that knows the torrent by one of its hashes alone is of use.
        if (!before || RANKS[state.condition] > RANKS[before.condition]) states.set(url, state);
      }
    return states;
  }

  /** Asks one tracker of each of these groups from now on, and no others, for who goes by one of these hashes. */
  ask(groups: readonly TrackerGroup[], swarms: readonly InfoHash[]): void {
    const all = swarms.flatMap((swarm) => groups.map((group) => ({ swarm, group })));
    const asked = new Map(all.map((each) => [[each.swarm, ...each.group].join(' '), each]));
    for (const [key, tracker] of [...this.#trackers]) if (!asked.has(key)) this.#endTracker(key, tracker);
    if (groups.length > 0) this.#contacts.open();
    for (const [key, { swarm, group }] of asked) if (!this.#trackers.has(key)) this.#beginTracker(key, swarm, group);
  }

  /** Everything is here now. */
  completed(): void {
    const stand = this.#owner.stand();
    for (const { driver } of this.#trackers.values()) driver.push({ kind: 'completed', stand });
  }

  /** Asks nobody any more, and lets all strangers go. */
  stop(): void {
    this.ask([], []);
    this.#contacts.close();
    // A tracker that does not hear of it takes the connection for open.
    this.#alias = nextAlias(this.#alias);
  }

  channelOver(peer: StrangerId, serial: number, why: string): void {
    this.#contacts.channelOver(peer, serial, why);
  }

  nodeIsHere(node: NodeId): void {
    this.#contacts.nodeIsHere(node);
  }

  connectedAt(peer: StrangerId): Millis | undefined {
    return this.#contacts.connectedAt(peer);
  }

  #beginTracker(key: string, swarm: InfoHash, group: TrackerGroup): void {
    const conversation = new TrackerConversation(nodeIdToBytes(swarm), this.#owner.rng);
    const tracker: Tracker = {
      swarm,
      group,
      at: -1,
      conversation,
      driver: new Driver(conversation, this.#owner.clock, (output) => this.#carryOut(tracker, output)),
      alias: NO_ALIAS,
      line: undefined,
      releaseLine: () => undefined,
      refusals: new Map(),
    };
    this.#trackers.set(key, tracker);
    tracker.driver.push({ kind: 'start' });
  }

  #endTracker(key: string, tracker: Tracker): void {
    tracker.driver.push({ kind: 'stop', stand: this.#owner.stand() });
    tracker.driver.stop();
    this.#trackers.delete(key);
  }

  #carryOut(tracker: Tracker, output: ConversationOutput): void {
    switch (output.kind) {
      case 'open':
        return this.#openLine(tracker);
      case 'close':
        return this.#closeLine(tracker);
      case 'send':
        tracker.line?.send(output.text);
        return;
      case 'prepare':
        void this.#prepare(tracker);
        return;
      case 'answer':
        void this.#answer(tracker, output.to, output.sdp);
        return;
      case 'accept':
        return this.#contacts.accept(output.offer, output.peerId, output.sdp, introductionBy(tracker));
      case 'withdraw':
        return this.#contacts.withdraw(output.offer);
      default:
        assertNever(output);
    }
  }

  /** To the first tracker of its group, and after a failure to the next. */
  #openLine(tracker: Tracker): void {
    const { group, refusals, conversation } = tracker;
    const before = group[tracker.at] ?? '';
    if (conversation.reason === undefined) refusals.delete(before);
    else refusals.set(before, conversation.reason);
    tracker.at = (tracker.at + 1) % group.length;
    if (group.length > 1) this.#contacts.dropAll();
    const release = this.#pool.take('tracker');
    const line =
      release &&
      this.#network.openTracker(group[tracker.at] ?? '', {
        opened: () => this.#opened(tracker),
        closed: () => {
          this.#closeLine(tracker);
          tracker.driver.push({ kind: 'closed' });
        },
        received: (text) => tracker.driver.push({ kind: 'received', text }),
      });
    if (line) [tracker.line, tracker.releaseLine] = [line, release];
    else {
      release?.();
      // It is tried again as one that was lost.
      tracker.driver.push({ kind: 'closed' });
    }
  }

  /** One alias for all trackers, so that a stranger of several meets one peer, and another one than it had the last time. */
  #opened(tracker: Tracker): void {
    if (tracker.alias === this.#alias) this.#alias = nextAlias(this.#alias);
    tracker.alias = this.#alias;
    tracker.driver.push({ kind: 'opened', peerId: tracker.alias });
  }

  #closeLine(tracker: Tracker): void {
    tracker.line?.close();
    tracker.line = undefined;
    tracker.releaseLine();
    tracker.releaseLine = () => undefined;
  }

  async #prepare(tracker: Tracker): Promise<void> {
    const use = this.#owner.isSeeking() ? 'taker' : 'giver';
    const most = use === 'taker' ? MAX_ANNOUNCED_OFFERS : MAX_GIVER_OFFERS;
    const wanted = this.#owner.hasRoom() ? Math.min(most, MAX_STRANGERS - this.#contacts.count) : 0;
    const made = await Promise.all(Array.from({ length: Math.max(0, wanted) }, () => this.#contacts.offer(use)));
    const offers = made.filter((offer) => offer !== undefined);
    tracker.driver.push({ kind: 'prepared', stand: this.#owner.stand(), offers });
    // Who ended meanwhile takes nothing in: then they are not wanted either.
    if (![...this.#trackers.values()].includes(tracker)) for (const { id } of offers) this.#contacts.withdraw(id);
  }

  async #answer(tracker: Tracker, to: Caller, sdp: string): Promise<void> {
    const answer = await this.#contacts.answer(to.peerId, sdp, introductionBy(tracker));
    tracker.driver.push({ kind: 'answered', to, sdp: answer });
  }
}

/** How good a word of a tracker is, of several about two hashes of one torrent. */
const RANKS = { idle: 0, failed: 1, asking: 2, answered: 3 } as const satisfies Record<TrackerCondition, number>;

function introductionBy({ alias, swarm }: Tracker): Introduction {
  return { alias, swarm };
}

/** One that refused us goes on to do so until it answers. */
function stateOf({ group, at, conversation, refusals }: Tracker, url: string): TrackerState {
  const { condition, reason } = conversation;
  const isAsked = url === group[at];
  if (isAsked && condition !== 'asking') return { condition, reason };
  const refusal = refusals.get(url);
  if (refusal !== undefined) return { condition: 'failed', reason: refusal };
  return { condition: isAsked ? condition : 'idle', reason: undefined };
}
