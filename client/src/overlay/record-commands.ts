import type { Contact, NodeId } from '../../../shared/src/ids.ts';
import { MAX_RECORD_VALUE_BYTES } from '../../../shared/src/limits/records.ts';
import { FetchOperation } from './fetch-operation.ts';
import type { FetchOwner, FetchQuestion, Fetched } from './fetch-question.ts';
import type { Holdings } from './holdings.ts';
import { type Operation, type Operations, failed } from './operation.ts';
import { encodeStore } from './record-payloads.ts';
import { hasRightKey } from './record-key.ts';
import { isSuccessor } from './record-store.ts';
import type { ReplyStatus } from './reply-frame.ts';
import type { Routing } from './request.ts';
import { ROUTE_KIND } from './route-frame.ts';
import { StoreOperation, type StoreOutcome, type StoreOwner } from './store-operation.ts';
import type { OpId, OverlayCommand, OverlayErrorCode, OverlayResult, SignedRecord } from './types.ts';
import type { VerificationOwner } from './verifier.ts';
import type { WriteToken } from './write-tokens.ts';

type CommandOf<K extends OverlayCommand['kind']> = Extract<OverlayCommand, { kind: K }>;

/** What commands about records work with. */
export interface RecordServices {
  readonly routing: Routing;
  readonly operations: Operations;
  readonly holdings: Holdings;
}

/** Stores a signed record: checks it first, keeps it when we are among the closest, and has it copied to the others. */
export class PutCommand implements Operation, VerificationOwner, StoreOwner {
  readonly #services: RecordServices;
  readonly #command: CommandOf<'put'>;
  #store: StoreOperation | undefined;
  #isCancelled = false;
  #isKept = false;

  constructor(services: RecordServices, command: CommandOf<'put'>) {
    this.#services = services;
    this.#command = command;
    const { op, record } = command;
    const { operations, holdings } = services;
    operations.open(op, this);
    if (record.value.length > MAX_RECORD_VALUE_BYTES) operations.finish(op, failed('too-large'));
    else if (!hasRightKey(record)) operations.finish(op, failed('wrong-key'));
    else if (!holdings.verifier.verify(record, this)) operations.finish(op, failed('refused'));
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#store?.cancel();
  }

  onVerified(record: SignedRecord, isValid: boolean): void {
    if (this.#isCancelled) return;
    const { routing, operations, holdings } = this.#services;
    const { op, expectedSequence } = this.#command;
    const { records, neighbourhood } = holdings;
    const { wallNow } = routing.core;
    if (!isValid) return operations.finish(op, failed('bad-signature'));
    if (neighbourhood.isReplica(record.key)) {
      const judgement = records.put(record, wallNow, expectedSequence);
      if (judgement !== 'ok' && judgement !== 'quota') return operations.finish(op, failed(judgement));
      this.#isKept = judgement === 'ok';
    }
    const replicas = this.#isKept ? records.get(record.key, wallNow)?.replicas : undefined;
    const encode = (token?: WriteToken): Uint8Array => encodeStore({ options: { token, expectedSequence }, record });
    const isConditional = expectedSequence !== undefined;
    const copy = { kind: ROUTE_KIND.store, key: record.key, encode, replicas, isConditional };
    this.#store = new StoreOperation(routing, holdings, copy, this.#isKept, this).start();
  }

  onStored(outcome: StoreOutcome): void {
    const { op, record, expectedSequence } = this.#command;
    const { operations, holdings, routing } = this.#services;
    const { core } = routing;
    if (outcome.kind === 'rejected') {
      holdings.records.retract(record);
      const code = conflictCode(outcome.status, expectedSequence);
      return operations.finish(op, failed(code === 'cas-mismatch' && outcome.mayBeHeld ? 'uncertain' : code));
    }
    // Too few said whether they took it, and those that did keep it.
    if (outcome.kind === 'lost' && outcome.why !== 'no-links' && expectedSequence !== undefined)
      return operations.finish(op, failed('uncertain'));
    holdings.cache.noteOwn(record, core.now);
    const replicas = copiesOf(outcome, this.#isKept);
    operations.finish(op, typeof replicas === 'number' ? { kind: 'put', replicas } : replicas);
  }
}

/** Announces us as a provider. */
export class PublishCommand implements Operation, StoreOwner {
  readonly #services: RecordServices;
  readonly #command: CommandOf<'publish'>;
  readonly #store: Pick<StoreOperation, 'cancel'> | undefined;

  constructor(services: RecordServices, command: CommandOf<'publish'>) {
    const { operations, holdings } = services;
    this.#services = services;
    this.#command = command;
    operations.open(command.op, this);
    this.#store = holdings.publisher.publish(command.key, this);
    if (!this.#store) operations.finish(command.op, failed('quota'));
  }

  cancel(): void {
    this.#store?.cancel();
  }

  onStored(outcome: StoreOutcome): void {
    const { operations, holdings, routing } = this.#services;
    const { op, key } = this.#command;
    if (outcome.kind === 'rejected') return operations.finish(op, failed(codeOf(outcome.status)));
    const isHeld = holdings.providers.get(key, routing.core.now).some(({ id }) => id === routing.core.self.id);
    const replicas = copiesOf(outcome, isHeld);
    operations.finish(op, typeof replicas === 'number' ? { kind: 'publish', replicas } : replicas);
  }
}

/** Takes our announcements of a key back: done once most of the replicas of each have dropped it. */
export class UnpublishCommand implements Operation, StoreOwner {
  readonly #services: RecordServices;
  readonly #op: OpId;
  readonly #stores: readonly StoreOperation[] | undefined;
  #endedCount = 0;
  #failure: OverlayResult | undefined;

  constructor(services: RecordServices, { op, key }: CommandOf<'unpublish'>) {
    this.#services = services;
    this.#op = op;
    services.operations.open(op, this);
    this.#stores = services.holdings.publisher.unpublish(key, this);
    this.#finish();
  }

  cancel(): void {
    for (const store of this.#stores ?? []) store.cancel();
  }

  onStored(outcome: StoreOutcome): void {
    this.#endedCount++;
    if (outcome.kind !== 'stored')
      this.#failure = failed(outcome.kind === 'lost' ? outcome.why : codeOf(outcome.status));
    this.#finish();
  }

  /** Not before all have begun: one may end at once. */
  #finish(): void {
    if (this.#endedCount === this.#stores?.length)
      this.#services.operations.finish(this.#op, this.#failure ?? { kind: 'unpublish' });
  }
}

/** Reads a record or the providers of a key. */
export class FetchCommand implements Operation, FetchOwner {
  readonly #services: RecordServices;
  readonly #command: CommandOf<'get'> | CommandOf<'findProviders'>;
  #fetch: FetchOperation | undefined;

  constructor(services: RecordServices, command: CommandOf<'get'> | CommandOf<'findProviders'>) {
    this.#services = services;
    this.#command = command;
    services.operations.open(command.op, this);
    if (command.kind === 'get') this.#get(command);
    else this.#findProviders(command);
  }

  cancel(): void {
    this.#fetch?.cancel();
  }

  onFetched({ record, providers, why }: Fetched): void {
    const { op, kind } = this.#command;
    this.#services.operations.finish(op, kind === 'get' ? readRecord(record, why) : readProviders(providers, why));
  }

  onTrail(path: readonly NodeId[]): void {
    this.#services.routing.core.emit({ kind: 'trail', op: this.#command.op, path });
  }

  #get({ key, op, isFresh = false, author }: CommandOf<'get'>): void {
    const { routing, holdings, operations } = this.#services;
    const { now, wallNow } = routing.core;
    const { cache, records } = holdings;
    const isWanted = (record: SignedRecord | undefined): boolean =>
      author === undefined || record?.author.id === author;
    const known = records.get(key, wallNow)?.record;
    const held = isWanted(known) ? known : undefined;
    const cached = cache.get(key, now, wallNow);
    const copy = isWanted(cached?.record) ? cached : undefined;
    const record = held && copy ? (isSuccessor(copy.record, held) ? copy.record : held) : (held ?? copy?.record);
    cache.countRead(key, now);
    if (copy?.isPopular && !isFresh) operations.finish(op, readRecord(record, undefined));
    else this.#start({ key, subject: 'record', author, isFresh, record, providers: NO_CONTACTS });
  }

  #findProviders({ key, op, isFresh = false }: CommandOf<'findProviders'>): void {
    const { routing, holdings, operations } = this.#services;
    const { now } = routing.core;
    const providers = holdings.providers.get(key, now);
    const copy = holdings.providerCache.get(key, now);
    holdings.providerCache.countRead(key, now);
    if (copy && !isFresh) {
      operations.finish(op, readProviders(uniteProviders(copy.providers, providers), undefined));
      return;
    }
    this.#start({ key, subject: 'providers', author: undefined, isFresh, record: undefined, providers });
  }

  #start(question: FetchQuestion): void {
    const { routing, holdings } = this.#services;
    this.#fetch = new FetchOperation(routing, holdings, question, this).start();
  }
}

const NO_CONTACTS: readonly Contact[] = [];

function readRecord(record: SignedRecord | undefined, why: Fetched['why']): OverlayResult {
  if (record) return record.value.length > 0 ? { kind: 'get', record } : failed('not-found');
  return failed(why ?? 'not-found');
}

function readProviders(providers: readonly Contact[], why: Fetched['why']): OverlayResult {
  return providers.length === 0 && why ? failed(why) : { kind: 'findProviders', providers };
}

function uniteProviders(...lists: readonly (readonly Contact[])[]): Contact[] {
  return [...new Map(lists.flat().map((contact) => [contact.id, contact])).values()];
}

/** Peers that hold a copy now, or why there is none. A peer that is alone keeps its own copy and hands it on later. */
function copiesOf(outcome: Exclude<StoreOutcome, { kind: 'rejected' }>, isKept: boolean): number | OverlayResult {
  if (outcome.kind === 'stored') return Math.max(outcome.copies, 1);
  return isKept ? 1 : failed(outcome.why);
}

/** The code under which a caller hears a holder's refusal. */
function codeOf(status: ReplyStatus): OverlayErrorCode {
  switch (status) {
    case 'cas-mismatch':
    case 'stale-sequence':
    case 'too-large':
    case 'bad-signature':
    case 'expired':
    case 'wrong-key':
    case 'quota':
      return status;
    case 'ok':
    case 'refused':
    case 'invalid':
    case 'full':
    case 'bad-token':
      return 'refused';
  }
}

/** A newer version than the one that was put means that the expected one is not there any more. */
export function conflictCode(status: ReplyStatus, expectedSequence: number | undefined): OverlayErrorCode {
  return status === 'stale-sequence' && expectedSequence !== undefined ? 'cas-mismatch' : codeOf(status);
}
