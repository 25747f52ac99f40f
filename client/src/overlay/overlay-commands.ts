import type { Key, NodeId } from '../../../shared/src/ids.ts';
import {
  AUDIT_LANES,
  MAX_ATTEMPTS,
  MAX_LANES,
  MAX_REFERRERS,
  MAX_ROUTED_PAYLOAD_BYTES,
} from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Callers } from './callers.ts';
import { judgeDensity } from './density.ts';
import { DisjointLookup } from './disjoint-lookup.ts';
import { newMessageId } from './frame-fields.ts';
import type { HeldAnswers } from './held-answers.ts';
import { IterativeLookup } from './iterative-lookup.ts';
import { type Found, type LookupOwner, RecursiveLookup } from './lookup.ts';
import { estimateNetworkSize } from './network-size.ts';
import { type Operation, deadlineAfter, failed } from './operation.ts';
import { decodeWrittenBack, encodeDeliver } from './payloads.ts';
import type { RecordServices } from './record-commands.ts';
import type { ReplyFrame } from './reply-frame.ts';
import { type NoAnswer, type Question, Request, type RequestOwner } from './request.ts';
import { ROUTE_EXACT, ROUTE_KIND } from './route-frame.ts';
import type { OpId, OverlayCommand, OverlayResult } from './types.ts';

type CommandOf<K extends OverlayCommand['kind']> = Extract<OverlayCommand, { kind: K }>;

/** Everything that operations work with. */
export interface Services extends RecordServices {
  readonly callers: Callers;
  readonly heldAnswers: HeldAnswers;
}

/** Looks a key up. */
export class LookupCommand implements Operation, LookupOwner {
  readonly #services: Services;
  readonly #op: OpId;
  readonly #startedAt: Millis;
  readonly #key: Key;
  readonly #deadline: Millis;
  #lookup: RecursiveLookup | IterativeLookup | DisjointLookup;
  #isAudited: boolean;

  constructor(services: Services, { op, key, mode, timeoutMs, disjoint }: CommandOf<'lookup'>) {
    const { routing, operations } = services;
    this.#services = services;
    this.#op = op;
    this.#startedAt = routing.core.now;
    this.#key = key;
    this.#deadline = deadlineAfter(routing.core.now, timeoutMs);
    const lanes = lanesOf(disjoint, routing.table.linked.length);
    this.#isAudited = mode === 'iterative' || lanes > 1;
    this.#lookup = this.#isAudited ? this.#audit(mode === 'iterative' ? 1 : lanes) : this.#recursive();
    operations.open(op, this);
    this.#lookup.start();
  }

  cancel(): void {
    this.#lookup.cancel();
  }

  /** Found by a single copy, peers that lie too far apart are looked into step by step before they are believed. */
  onFound({ closest, hops, path }: Found): void {
    const { operations, routing } = this.#services;
    const ids = closest.map(({ id }) => id);
    if (!this.#isAudited && judgeDensity(this.#key, ids, estimateNetworkSize(routing.table)) === 'sparse')
      return this.#startAudit();
    operations.finish(this.#op, { kind: 'lookup', closest, hops, path, elapsedMs: routing.core.now - this.#startedAt });
  }

  onNotFound(why: NoAnswer): void {
    if (!this.#isAudited && why === 'timeout') this.#startAudit();
    else this.#services.operations.finish(this.#op, failed(why));
  }

  #recursive(): RecursiveLookup {
    const { core, answerTimes } = this.#services.routing;
    const deadline = this.#deadline;
    const answerBy = Math.min(deadline, core.now + (MAX_ATTEMPTS + 1) * answerTimes.hedgeMs);
    return new RecursiveLookup(this.#services.routing, this.#key, { deadline, answerBy }, this);
  }

  #audit(lanes: number): IterativeLookup | DisjointLookup {
    const { routing } = this.#services;
    return lanes > 1
      ? new DisjointLookup(routing, this.#key, lanes, this.#deadline, this)
      : new IterativeLookup(routing, this.#key, { deadline: this.#deadline }, this);
  }

  /** What one copy left in doubt, several settle. */
  #startAudit(): void {
    this.#isAudited = true;
    this.#lookup = this.#audit(lanesOf(AUDIT_LANES, this.#services.routing.table.linked.length));
    this.#lookup.start();
  }

  onTrail(path: readonly NodeId[]): void {
    this.#services.routing.core.emit({ kind: 'trail', op: this.#op, path });
  }
}

/** The copies of a lookup: as many as asked for and as there are first hops for. */
function lanesOf(disjoint: number | undefined, links: number): number {
  const wanted = disjoint !== undefined && disjoint >= 1 ? Math.floor(disjoint) : 1;
  return Math.max(1, Math.min(wanted, MAX_LANES, links));
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
    // Who told us of the target has the way back to us as well, where nobody else around it has.
    const told = (table.get(target)?.referrers ?? []).filter((id) => table.link(id));
    // One: a second made every signal longer by 20 bytes and served nobody (measured: npm run sim -- churn, broken-pairs).
    const referrers = [...told, ...table.linked.map(({ contact }) => contact.id)].slice(0, 1);
    const body = encodeDeliver({ protocol, delivery: newMessageId(core.rng), referrers, body: payload });
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
        mayWait: protocol === 'signal',
      },
      this,
    );
    operations.open(op, this);
    this.#request.start();
  }

  cancel(): void {
    this.#request.cancel();
  }

  onAnswer({ question }: Request, { status, hops, payload }: ReplyFrame): void {
    if (payload.length > 0) this.#onWrittenBack(question, payload);
    const elapsedMs = this.#services.routing.core.now - this.#startedAt;
    const result: OverlayResult = status === 'ok' ? { kind: 'route', hops, elapsedMs } : failed('refused');
    this.#services.operations.finish(this.#op, result);
  }

  onNoAnswer(_request: Request, why: NoAnswer): void {
    this.#services.operations.finish(this.#op, failed(why));
  }

  /** Only signals are answered so, and only by their target. */
  #onWrittenBack({ target, mayWait }: Question, payload: Uint8Array): void {
    const { core } = this.#services.routing;
    const written = mayWait ? decodeWrittenBack(payload, core.contacts) : undefined;
    if (written?.from.id === target)
      core.emit({ kind: 'message', from: written.from, protocol: 'signal', payload: written.body });
    else core.counters.malformed++;
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
