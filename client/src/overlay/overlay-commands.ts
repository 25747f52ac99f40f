import type { Contact, NodeId } from '../../../shared/src/ids.ts';
import { MAX_RECORD_VALUE_BYTES, MAX_REFERRERS, MAX_ROUTED_PAYLOAD_BYTES } from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Callers } from './callers.ts';
import { FetchOperation, type FetchOwner, type Fetched } from './fetch-operation.ts';
import { type MessageId, readMessageId } from './frame-fields.ts';
import { IterativeLookup } from './iterative-lookup.ts';
import { type Found, type LookupOwner, RecursiveLookup } from './lookup.ts';
import { type Operation, type Operations, deadlineAfter, failed } from './operation.ts';
import { encodeDeliver, encodeRecord } from './payloads.ts';
import type { ProviderStore } from './provider-store.ts';
import type { Publisher } from './publisher.ts';
import type { RecordStore } from './record-store.ts';
import type { Replication } from './replication.ts';
import type { ReplyFrame } from './reply-frame.ts';
import { type NoAnswer, Request, type RequestOwner, type Routing } from './request.ts';
import { ROUTE_EXACT, ROUTE_KIND } from './route-frame.ts';
import { StoreOperation, type StoreOutcome, type StoreOwner } from './store-operation.ts';
import type { OpId, OverlayCommand, OverlayResult, SignedRecord } from './types.ts';
import type { VerificationOwner, Verifier } from './verifier.ts';

type CommandOf<K extends OverlayCommand['kind']> = Extract<OverlayCommand, { kind: K }>;

/** Everything that operations work with. */
export interface Services {
  readonly routing: Routing;
  readonly operations: Operations;
  readonly verifier: Verifier;
  readonly records: RecordStore;
  readonly providers: ProviderStore;
  readonly replication: Replication;
  readonly publisher: Publisher;
  readonly callers: Callers;
}

/** Looks a key up. */
export class LookupCommand implements Operation, LookupOwner {
  readonly #services: Services;
  readonly #op: OpId;
  readonly #startedAt: Millis;
  readonly #lookup: RecursiveLookup | IterativeLookup;

  constructor(services: Services, { op, key, mode, timeoutMs }: CommandOf<'lookup'>) {
    const { routing, operations } = services;
    this.#services = services;
    this.#op = op;
    this.#startedAt = routing.core.now;
    const deadline = deadlineAfter(routing.core.now, timeoutMs);
    this.#lookup =
      mode === 'iterative'
        ? new IterativeLookup(routing, key, deadline, this)
        : new RecursiveLookup(routing, key, { deadline }, this);
    operations.open(op, this);
    this.#lookup.start();
  }

  cancel(): void {
    this.#lookup.cancel();
  }

  onFound({ closest, hops, path }: Found): void {
    const { operations, routing } = this.#services;
    operations.finish(this.#op, { kind: 'lookup', closest, hops, path, elapsedMs: routing.core.now - this.#startedAt });
  }

  onNotFound(why: NoAnswer): void {
    this.#services.operations.finish(this.#op, failed(why));
  }
}

/** Carries a payload to exactly one peer: through its referrers first, then by id alone. */
export class RouteCommand implements Operation, RequestOwner {
  readonly #services: Services;
  readonly #op: OpId;
  readonly #startedAt: Millis;
  readonly #request: Request;

  constructor(services: Services, { op, target, protocol, payload, timeoutMs }: CommandOf<'route'>) {
    const { routing, operations } = services;
    const { core, table } = routing;
    this.#services = services;
    this.#op = op;
    this.#startedAt = core.now;
    const referrers = table.linked.slice(0, MAX_REFERRERS).map(({ contact }) => contact.id);
    const body = encodeDeliver({ protocol, delivery: newDelivery(core.rng), referrers, body: payload });
    const ways = table.link(target) ? [] : waysTo(services, target);
    const deadline = deadlineAfter(core.now, timeoutMs);
    const flags = ROUTE_EXACT;
    this.#request = new Request(
      routing,
      {
        kind: ROUTE_KIND.deliver,
        flags,
        target,
        payload: body,
        ways,
        deadline,
        maxAttempts: Math.max(2, ways.length + 1),
      },
      this,
    );
    operations.open(op, this);
    this.#request.start();
  }

  cancel(): void {
    this.#request.cancel();
  }

  onAnswer(_request: Request, { status, hops }: ReplyFrame): void {
    const elapsedMs = this.#services.routing.core.now - this.#startedAt;
    const result: OverlayResult = status === 'ok' ? { kind: 'route', hops, elapsedMs } : failed('refused');
    this.#services.operations.finish(this.#op, result);
  }

  onNoAnswer(_request: Request, why: NoAnswer): void {
    this.#services.operations.finish(this.#op, failed(why));
  }
}

/** Through those who told us of `target`, and those it named itself when it wrote to us. */
function waysTo({ routing, callers }: Services, target: NodeId): NodeId[][] {
  const { core, table } = routing;
  const named = callers.referrersOf(target, core.now);
  const told = table.get(target)?.referrers ?? [];
  const through = [...new Set([...named, ...told])].filter((id) => id !== core.self.id);
  return through.slice(0, MAX_REFERRERS).map((referrer) => [referrer]);
}

/** What is wrong with a payload to be routed, or undefined. */
export function routeProblem(payload: Uint8Array): OverlayResult | undefined {
  return payload.length > MAX_ROUTED_PAYLOAD_BYTES ? failed('too-large') : undefined;
}

/** Stores a signed record: checks it first, keeps it when we are among the closest, and hands it to the key's root. */
export class PutCommand implements Operation, VerificationOwner, StoreOwner {
  readonly #services: Services;
  readonly #op: OpId;
  #store: StoreOperation | undefined;
  #isCancelled = false;
  #ownCopies = 0;

  constructor(services: Services, { op, record }: CommandOf<'put'>) {
    this.#services = services;
    this.#op = op;
    const { operations, verifier } = services;
    operations.open(op, this);
    if (record.value.length > MAX_RECORD_VALUE_BYTES) operations.finish(op, failed('too-large'));
    else if (!verifier.verify(record, this)) operations.finish(op, failed('refused'));
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#store?.cancel();
  }

  onVerified(record: SignedRecord, isValid: boolean): void {
    if (this.#isCancelled) return;
    const { routing, operations, records, replication } = this.#services;
    const { wallNow } = routing.core;
    const status = isValid ? records.judge(record, wallNow) : 'invalid';
    if (status === 'invalid' || status === 'refused') return operations.finish(this.#op, failed('refused'));
    if (replication.isResponsible(record.key) && records.put(record, wallNow) === 'ok') this.#ownCopies = 1;
    this.#store = new StoreOperation(routing, ROUTE_KIND.store, record.key, encodeRecord(record), this).start();
  }

  onStored(outcome: StoreOutcome): void {
    const replicas = copiesOf(outcome, this.#ownCopies);
    this.#services.operations.finish(this.#op, typeof replicas === 'number' ? { kind: 'put', replicas } : replicas);
  }
}

/** Announces us as a provider, or takes that back. */
export class PublishCommand implements Operation, StoreOwner {
  readonly #services: Services;
  readonly #command: CommandOf<'publish'> | CommandOf<'unpublish'>;
  readonly #store: StoreOperation | undefined;

  constructor(services: Services, command: CommandOf<'publish'> | CommandOf<'unpublish'>) {
    const { operations, publisher } = services;
    this.#services = services;
    this.#command = command;
    operations.open(command.op, this);
    this.#store =
      command.kind === 'publish' ? publisher.publish(command.key, this) : publisher.unpublish(command.key, this);
    if (!this.#store)
      operations.finish(command.op, command.kind === 'publish' ? failed('refused') : { kind: 'unpublish' });
  }

  cancel(): void {
    this.#store?.cancel();
  }

  onStored(outcome: StoreOutcome): void {
    const { operations, providers, routing } = this.#services;
    const { kind, op, key } = this.#command;
    if (kind === 'unpublish') return operations.finish(op, { kind: 'unpublish' });
    const isHeld = providers.get(key, routing.core.now).some(({ id }) => id === routing.core.self.id);
    const replicas = copiesOf(outcome, isHeld ? 1 : 0);
    operations.finish(op, typeof replicas === 'number' ? { kind: 'publish', replicas } : replicas);
  }
}

/** Reads a record or the providers of a key. */
export class FetchCommand implements Operation, FetchOwner {
  readonly #services: Services;
  readonly #command: CommandOf<'get'> | CommandOf<'findProviders'>;
  readonly #fetch: FetchOperation;

  constructor(services: Services, command: CommandOf<'get'> | CommandOf<'findProviders'>) {
    const { routing, operations, verifier, records, providers } = services;
    const { key, kind } = command;
    this.#services = services;
    this.#command = command;
    operations.open(command.op, this);
    const isRecord = kind === 'get';
    const local = {
      record: isRecord ? records.get(key, routing.core.wallNow)?.record : undefined,
      providers: isRecord ? NO_CONTACTS : providers.get(key, routing.core.now),
    };
    this.#fetch = new FetchOperation(routing, verifier, key, isRecord ? 'record' : 'providers', this).start(local);
  }

  cancel(): void {
    this.#fetch.cancel();
  }

  onFetched({ record, providers, why }: Fetched): void {
    const { op, kind } = this.#command;
    this.#services.operations.finish(op, kind === 'get' ? readRecord(record, why) : readProviders(providers, why));
  }
}

const NO_CONTACTS: readonly Contact[] = [];

function readRecord(record: SignedRecord | undefined, why: NoAnswer | undefined): OverlayResult {
  if (record) return record.value.length > 0 ? { kind: 'get', record } : failed('not-found');
  return failed(why ?? 'not-found');
}

function readProviders(providers: readonly Contact[], why: NoAnswer | undefined): OverlayResult {
  return providers.length === 0 && why ? failed(why) : { kind: 'findProviders', providers };
}

/** Peers that hold a copy now, or why there is none. A peer that is alone keeps its own copy and hands it on later. */
function copiesOf(outcome: StoreOutcome, ownCopies: number): number | OverlayResult {
  switch (outcome.kind) {
    case 'stored':
      return Math.max(outcome.copies, 1);
    case 'rejected':
      return failed('refused');
    case 'lost':
      return ownCopies > 0 ? ownCopies : failed(outcome.why);
  }
}

function newDelivery(rng: Routing['core']['rng']): MessageId {
  const bytes = new Uint8Array(8);
  for (let i = 0; i < 8; i++) bytes[i] = rng.nextUint32() & 0xff;
  return readMessageId(bytes, 0);
}
