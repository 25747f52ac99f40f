import type { Contact, Key } from '../../../shared/src/ids.ts';
import { BUCKET_CAPACITY, QUESTION_TIMEOUT_MS } from '../../../shared/src/limits/overlay.ts';
import { closestAnswer } from './closest-answer.ts';
import type { Forward } from './forward.ts';
import type { Answer } from './endpoint.ts';
import type { Holdings } from './holdings.ts';
import { encodeToken } from './payloads.ts';
import {
  MAY_BE_HELD,
  type ProviderNote,
  decodePublish,
  decodeStore,
  decodeUnpublish,
  encodeUnpublish,
} from './record-payloads.ts';
import { ReadResponder } from './read-responder.ts';
import { conflictCode } from './record-commands.ts';
import { providerCopy, recordCopy } from './replication.ts';
import type { ReplyStatus } from './reply-frame.ts';
import type { Routing } from './request.ts';
import { ROUTE_EXACT, ROUTE_KIND, ROUTE_REPLICA } from './route-frame.ts';
import { bringerOf } from './shares.ts';
import { type Copy, Spread, type SpreadOutcome, type SpreadOwner } from './spread.ts';
import type { SignedRecord } from './types.ts';
import type { VerificationOwner } from './verifier.ts';
import type { WriteToken } from './write-tokens.ts';

const NOTHING = new Uint8Array(0);
const ONE_COPY = new Uint8Array([1]);

/** Answers what others want stored and read, also what only passes on its way to a peer closer to the key. */
export class RecordResponder {
  readonly #routing: Routing;
  readonly #holdings: Holdings;
  readonly #reads: ReadResponder;

  constructor(routing: Routing, holdings: Holdings) {
    this.#routing = routing;
    this.#holdings = holdings;
    this.#reads = new ReadResponder(routing, holdings);
  }

  /** True when a message on its way to the closest peer may end here: we hold what it asks for, or can place it. */
  intercepts(forward: Forward): boolean {
    const { neighbourhood, cache, providerCache } = this.#holdings;
    const { target: key, kind } = forward;
    if (kind === ROUTE_KIND.get) return this.#reads.intercepts(forward);
    if (kind === ROUTE_KIND.store) cache.drop(key);
    else providerCache.drop(key);
    return neighbourhood.isCoordinator(key);
  }

  /** An answer to GET of others passes on its way back. */
  observe(forward: Forward, bytes: Uint8Array): void {
    this.#reads.observe(forward, bytes);
  }

  onGet(forward: Forward, payload: Uint8Array): Answer {
    return this.#reads.onGet(forward, payload) ?? this.#invalid();
  }

  onStore(forward: Forward, payload: Uint8Array): Answer | undefined {
    const { core } = this.#routing;
    const { neighbourhood, records, verifier } = this.#holdings;
    const store = decodeStore(payload, core.contacts);
    if (!store) return this.#invalid();
    const { record, options } = store;
    const { token, expectedSequence } = options;
    if (!forward.isExact && forward.target !== record.key) return refusal('wrong-key');
    const refused = this.#admit(forward, record.key, token);
    if (refused) return refused;
    if (!neighbourhood.isResponsible(record.key)) return refusal('refused');
    const judgement = records.judge(record, core.wallNow, expectedSequence, bringerOf(forward));
    if (judgement !== 'ok') return refusal(judgement);
    const storing = new Storing(this.#routing, this.#holdings, forward, expectedSequence);
    return verifier.verify(record, storing) ? undefined : refusal('full');
  }

  onPublish(forward: Forward, payload: Uint8Array): Answer | undefined {
    const { core } = this.#routing;
    const { neighbourhood, providers, providerCache } = this.#holdings;
    const publish = decodePublish(payload, core.contacts);
    if (!publish) return this.#invalid();
    const { key, notes, token } = publish;
    const isReplica = (forward.flags & ROUTE_REPLICA) !== 0;
    if (!isReplica && notes.some(({ provider }) => provider.id !== forward.origin.id)) return refusal('wrong-key');
    const refused = this.#admit(forward, key, token);
    if (refused) return refused;
    if (!neighbourhood.isResponsible(key)) return refusal('refused');
    providerCache.drop(key);
    let status: ReplyStatus = 'ok';
    for (const note of notes) {
      const added = providers.add(key, note, core.now, bringerOf(forward));
      if (added === 'ok') continue;
      status = added;
      if (!providers.held(key)) break;
    }
    if (isReplica) this.#contradict(forward, key, notes);
    const held = providers.held(key);
    const copy = held && providerCopy(providers, held, core.now);
    if (isReplica || !copy || status !== 'ok') return { status, payload: ONE_COPY, closest: [] };
    this.#spread(copy, forward);
    return undefined;
  }

  onUnpublish(forward: Forward, payload: Uint8Array): Answer | undefined {
    const { core } = this.#routing;
    const unpublish = decodeUnpublish(payload, core.contacts);
    if (!unpublish) return this.#invalid();
    const { key, provider, secret } = unpublish;
    const { providers, providerCache, neighbourhood, admission } = this.#holdings;
    const isReplica = (forward.flags & ROUTE_REPLICA) !== 0;
    const isProven = providers.isSecretOf(key, provider.id, secret);
    const judgement = admission.judge(forward, key, undefined, core.now);
    // It carries no token: who knows the secret of what is held needs none, and others are not multiplied by our replicas.
    const isExcused = judgement === 'bad-token' && (isProven || isReplica);
    if (judgement !== 'ok' && !isExcused) return refusal('quota');
    if (!isProven && !neighbourhood.isResponsible(key)) return refusal('refused');
    providers.remove(key, provider.id, secret, core.now);
    providerCache.drop(key);
    if (isReplica) return { status: 'ok', payload: ONE_COPY, closest: [] };
    const bytes = payload.slice();
    this.#spread({ kind: ROUTE_KIND.unpublish, key, encode: () => bytes, replicas: undefined }, forward);
    return undefined;
  }

  onSync(forward: Forward, payload: Uint8Array): Answer {
    if (!this.#holdings.admission.judgeSync(forward, this.#routing.core.now)) return refusal('quota');
    return this.#holdings.sync.consume(forward, payload) ?? this.#invalid();
  }

  /** Undefined: let in. A store that lacks a token is told one. */
  #admit(forward: Forward, key: Contact['id'], token: WriteToken | undefined): Answer | undefined {
    const { now } = this.#routing.core;
    const { admission, tokens } = this.#holdings;
    const judgement = admission.judge(forward, key, token, now);
    if (judgement === 'ok') return undefined;
    if (judgement === 'quota') return refusal('quota');
    return { ...refusal('bad-token'), payload: encodeToken(tokens.issue(forward.origin.id, key, now)) };
  }

  /** Tells a replica that still passes on what was taken back: the secret proves it. */
  #contradict(forward: Forward, key: Contact['id'], notes: readonly ProviderNote[]): void {
    const { forwarder, core } = this.#routing;
    for (const note of notes) {
      const secret = this.#holdings.providers.withdrawalOf(key, note, core.now);
      if (secret === undefined) continue;
      const payload = encodeUnpublish({ key, provider: note.provider, secret });
      const flags = ROUTE_EXACT | ROUTE_REPLICA;
      const target = forward.origin.id;
      const message = { kind: ROUTE_KIND.unpublish, flags, target, via: [], payload, lifetimeMs: QUESTION_TIMEOUT_MS };
      forwarder.originate(message, [], undefined);
      // Whoever names another as the origin has no more sent to that than it sends itself.
      if (forward.from !== target) return;
    }
  }

  #spread(copy: Copy, forward: Forward): void {
    const { neighbourhood } = this.#holdings;
    const { forwarder } = this.#routing;
    new Spread(this.#routing, copy, {
      onSpread: (outcome) => forwarder.answer(forward, spreadAnswer(this.#routing, copy.key, forward, outcome)),
    }).start(neighbourhood.replicaPeers(copy.key), neighbourhood.spares(copy.key));
  }

  #invalid(): Answer {
    this.#routing.core.counters.malformed++;
    return refusal('invalid');
  }
}

/** A STORE between the check of its signature and its answer. */
class Storing implements VerificationOwner, SpreadOwner {
  readonly #routing: Routing;
  readonly #holdings: Holdings;
  readonly #forward: Forward;
  readonly #expected: number | undefined;
  #record: SignedRecord | undefined;

  constructor(routing: Routing, holdings: Holdings, forward: Forward, expected: number | undefined) {
    this.#routing = routing;
    this.#holdings = holdings;
    this.#forward = forward;
    this.#expected = expected;
  }

  onVerified(record: SignedRecord, isValid: boolean): void {
    const { core, forwarder } = this.#routing;
    const { records, cache, neighbourhood } = this.#holdings;
    const status = isValid
      ? records.put(record, core.wallNow, this.#expected, bringerOf(this.#forward))
      : 'bad-signature';
    const held = status === 'ok' ? records.get(record.key, core.wallNow) : undefined;
    if (held) cache.drop(record.key);
    if (!held || (this.#forward.flags & ROUTE_REPLICA) !== 0) {
      const answer = status === 'ok' ? { status, payload: ONE_COPY, closest: [] } : refusal(status);
      return forwarder.answer(this.#forward, answer);
    }
    this.#record = record;
    // It may have come before, by another way: whoever confirmed it then has it, and would be missed if its link were gone.
    const replicas = neighbourhood.replicaPeers(record.key);
    const lacking = replicas.filter(({ id }) => !held.replicas.has(id) || !this.#routing.table.link(id));
    const holderCount = replicas.length - lacking.length;
    const copy = recordCopy(held, this.#expected);
    new Spread(this.#routing, copy, this).start(lacking, neighbourhood.spares(record.key), holderCount);
  }

  onSpread(outcome: SpreadOutcome): void {
    if (outcome.kind === 'conflict' && this.#record) this.#holdings.records.retract(this.#record);
    const key = this.#record?.key ?? this.#forward.target;
    const answer = spreadAnswer(this.#routing, key, this.#forward, outcome);
    const isMismatch = conflictCode(answer.status, this.#expected) === 'cas-mismatch';
    this.#routing.forwarder.answer(this.#forward, isMismatch ? { ...answer, status: 'cas-mismatch' } : answer);
  }
}

/** With the closest peers, so that the author can judge how dense they are. */
function spreadAnswer(routing: Routing, key: Key, forward: Forward, outcome: SpreadOutcome): Answer {
  if (outcome.kind === 'conflict')
    return { ...refusal(outcome.status), payload: outcome.mayBeHeld ? MAY_BE_HELD : NOTHING };
  const closest = closestAnswer(routing, key, BUCKET_CAPACITY, forward.origin.id);
  return { status: 'ok', payload: new Uint8Array([Math.min(outcome.copies, 255)]), closest };
}

function refusal(status: ReplyStatus): Answer {
  return { status, payload: NOTHING, closest: [] };
}
