import { equalBytes } from '../../../shared/src/bytes.ts';
import type { Contact, NodeId } from '../../../shared/src/ids.ts';
import { OPERATION_TIMEOUT_MS } from '../../../shared/src/limits/overlay.ts';
import { REPLICATION } from '../../../shared/src/limits/records.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Holdings } from './holdings.ts';
import { decodeToken } from './payloads.ts';
import { MAY_BE_HELD } from './record-payloads.ts';
import type { ReplyFrame, ReplyStatus } from './reply-frame.ts';
import { type NoAnswer, Request, type RequestOwner, type Routing } from './request.ts';
import { ROUTE_EXACT } from './route-frame.ts';
import { type Copy, Spread, type SpreadOutcome, type SpreadOwner, majorityOf, needsMajority } from './spread.ts';
import { WideSearch, judgeNamed } from './wide-search.ts';
import type { WriteToken } from './write-tokens.ts';

/**
 * How a store ended. `copies` counts the closest peers that hold it, as their coordinator reports; `mayBeHeld` of one that
 * most of them refused: some hold it, or did not say. What needs a majority is stored once most of them confirmed it, and else lost.
 */
export type StoreOutcome =
  | { readonly kind: 'stored'; readonly copies: number }
  | { readonly kind: 'rejected'; readonly status: ReplyStatus; readonly mayBeHeld: boolean }
  | { readonly kind: 'lost'; readonly why: NoAnswer };

/** Who stores. Called exactly once, unless cancelled. */
export interface StoreOwner {
  onStored(outcome: StoreOutcome): void;
}

/**
 * Messages of one store: the first, one to the holder that asked for a token, one towards the key when hops refuse to carry
 * that (they hold back messages to one peer, see `Targets`), and one to another holder that asked then.
 */
const MAX_STORE_MESSAGES = 4;

/**
 * Has something kept by the closest peers of its key: sends it towards the key, and the first peer on the way that is one
 * of them keeps it and copies it to the others. When we are that peer, we copy it ourselves. Where the answer is not to be
 * believed we copy it to the peers of a wide search as well.
 */
export class StoreOperation implements RequestOwner, SpreadOwner {
  readonly #routing: Routing;
  readonly #holdings: Holdings;
  readonly #copy: Copy;
  readonly #isKept: boolean;
  readonly #owner: StoreOwner;
  readonly #deadline: Millis;
  #request: Request | undefined;
  #search: WideSearch | undefined;
  /** Peers that our own copies go to. */
  #peerCount = 0;
  #messageCount = 0;
  /** Holders that gave us a token for this store: whoever asks a second time is not satisfied by any. BOUNDED: by MAX_STORE_MESSAGES. */
  readonly #tokenGivers = new Set<NodeId | undefined>();
  #isOver = false;

  /** `isKept`: we have done to our own store what the others are asked for. */
  constructor(routing: Routing, holdings: Holdings, copy: Copy, isKept: boolean, owner: StoreOwner) {
    this.#routing = routing;
    this.#holdings = holdings;
    this.#copy = copy;
    this.#isKept = isKept;
    this.#owner = owner;
    this.#deadline = routing.core.now + OPERATION_TIMEOUT_MS;
  }

  start(): this {
    const { key } = this.#copy;
    const { neighbourhood, receivedTokens } = this.#holdings;
    if (this.#isKept && neighbourhood.isCoordinator(key)) {
      this.#spread(neighbourhood.replicaPeers(key), neighbourhood.spares(key));
    } else this.#send(undefined, receivedTokens.find(key, this.#routing.core.now));
    return this;
  }

  cancel(): void {
    this.#isOver = true;
    this.#request?.cancel();
    this.#search?.cancel();
  }

  onSpread(outcome: SpreadOutcome): void {
    const own = this.#isKept ? 0 : 1;
    if (outcome.kind === 'copied') this.#onCopied(Math.max(1, outcome.copies - own), this.#peerCount + 1);
    // Before the peers beside the key were asked, those around it had taken it.
    else this.#end({ kind: 'rejected', status: outcome.status, mayBeHeld: outcome.mayBeHeld || !!this.#search });
  }

  onAnswer(_request: Request, { status, payload, trail, closest }: ReplyFrame): void {
    const holder = trail[0]?.id;
    const token = status === 'bad-token' && !this.#tokenGivers.has(holder) ? decodeToken(payload) : undefined;
    if (token !== undefined && this.#messageCount < MAX_STORE_MESSAGES) {
      this.#tokenGivers.add(holder);
      this.#holdings.receivedTokens.note(this.#copy.key, token, this.#routing.core.now);
      this.#send(holder, token);
    } else if (status === 'ok') this.#onKept(payload[0] ?? 1, closest);
    else this.#end({ kind: 'rejected', status, mayBeHeld: equalBytes(payload, MAY_BE_HELD) });
  }

  onNoAnswer(request: Request, why: NoAnswer): void {
    const wasExact = (request.question.flags & ROUTE_EXACT) !== 0;
    const { receivedTokens } = this.#holdings;
    if (wasExact && this.#messageCount < MAX_STORE_MESSAGES)
      this.#send(undefined, receivedTokens.find(this.#copy.key, this.#routing.core.now));
    else this.#end({ kind: 'lost', why });
  }

  /** The peers named around the key must be about as dense as the network, or we look for others beside them. */
  #onKept(copies: number, closest: ReplyFrame['closest']): void {
    const { core, table } = this.#routing;
    const { key } = this.#copy;
    const named = closest.map(({ contact }) => contact);
    // Whoever is named to us are the others: we may be a replica, too.
    const replicaCount = Math.min(REPLICATION, named.length + 1);
    if (judgeNamed(table, key, named) === 'plausible') return this.#onCopied(copies, replicaCount);
    core.counters.widened++;
    this.#search = new WideSearch(this.#routing, key, core.now + OPERATION_TIMEOUT_MS, {
      onPeers: (peers) => this.#spread(peers),
    }).start();
  }

  #spread(peers: readonly Contact[], spares?: readonly Contact[]): void {
    this.#peerCount = peers.length;
    new Spread(this.#routing, this.#copy, this).start(peers, spares);
  }

  #onCopied(copies: number, replicaCount: number): void {
    const isDone = !needsMajority(this.#copy) || copies >= majorityOf(replicaCount);
    this.#end(isDone ? { kind: 'stored', copies } : { kind: 'lost', why: 'timeout' });
  }

  /** To `holder`, or to whoever is on the way to the key. */
  #send(holder: NodeId | undefined, token: WriteToken | undefined): void {
    this.#messageCount++;
    const { kind, key, encode } = this.#copy;
    const flags = holder === undefined ? 0 : ROUTE_EXACT;
    const question = { kind, flags, target: holder ?? key, payload: encode(token), ways: [], deadline: this.#deadline };
    this.#request = new Request(this.#routing, question, this).start();
  }

  #end(outcome: StoreOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#owner.onStored(outcome);
  }
}
