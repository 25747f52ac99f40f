import { shortId } from '../../shared/src/ids.ts';
import { isCloser } from '../../shared/src/xor.ts';
import { type Census, nearest } from './census.ts';
import type {
  FindProvidersEntry,
  GetEntry,
  LookupEntry,
  LostPut,
  Operation,
  PublishEntry,
  PutEntry,
} from './journal.ts';

/** An operation that did not do what it promises. */
export interface Failure {
  readonly operation: Operation;
  /** The error's code, or what was wrong with the answer. */
  readonly why: string;
}

/** Everything that happened, for judgement after the run: only then is every id and every version known. */
export interface Evidence {
  readonly census: Census;
  readonly operations: readonly Operation[];
  readonly lostPuts: readonly LostPut[];
}

/** The operations that failed, in the order in which they began. */
export function failures(evidence: Evidence): Failure[] {
  const judge = new Judge(evidence);
  return evidence.operations
    .flatMap((operation) => {
      const why = operation.error ?? judge.faultOf(operation);
      return why === undefined ? [] : [{ operation, why }];
    })
    .sort((a, b) => a.operation.from - b.operation.from);
}

/** Knows what each answer should have been. */
class Judge {
  readonly #census: Census;
  /** Acknowledged versions by key. */
  readonly #puts: ReadonlyMap<string, readonly PutEntry[]>;
  /** Providers by key. */
  readonly #publishes: ReadonlyMap<string, readonly PublishEntry[]>;
  /** Versions by key that were never acknowledged, but may have been stored. */
  readonly #maybe: ReadonlyMap<string, readonly LostPut[]>;

  constructor({ census, operations, lostPuts }: Evidence) {
    const puts = operations.filter((each) => each.kind === 'put');
    const publishes = operations.filter((each) => each.kind === 'publish');
    this.#census = census;
    this.#puts = byKey(puts.filter(isDone));
    this.#publishes = byKey(publishes.filter(isDone));
    this.#maybe = byKey([...lostPuts, ...puts.filter((put) => !isDone(put))]);
  }

  /** What is wrong with an answer; undefined when nothing is. */
  faultOf(operation: Operation): string | undefined {
    switch (operation.kind) {
      case 'lookup':
        return this.#faultOfLookup(operation);
      case 'get':
        return this.#faultOfGet(operation);
      case 'findProviders':
        return this.#faultOfFind(operation);
      case 'join':
      case 'put':
      case 'publish':
        return undefined;
    }
  }

  /**
   * The first living peer named must be the closest settled one, or a newcomer that is closer still. Who left lately may
   * be named before it, who is gone for longer may not.
   */
  #faultOfLookup({ key, closest, from, to }: LookupEntry): string | undefined {
    const expected = nearest(key, this.#census.settled(from, to));
    if (expected === undefined) return undefined;
    const named = closest.find((id) => this.#census.standing(id, from, to) !== 'leaving');
    if (named === undefined) return `named nobody, although ${shortId(expected)} lives`;
    const standing = this.#census.standing(named, from, to);
    if (standing === 'gone' || standing === 'unknown') return `named ${shortId(named)}, who is ${standing}`;
    return isCloser(key, expected, named) ? `missed ${shortId(expected)}, and named ${shortId(named)}` : undefined;
  }

  /** Never older than what was acknowledged before the question, and gone once its time is over. */
  #faultOfGet({ key, version, from, to }: GetEntry): string | undefined {
    const acknowledged = (this.#puts.get(key) ?? []).filter((put) => put.to <= from);
    const newest = acknowledged.at(-1);
    if (!newest) return undefined;
    const livesSurely = to < newest.from + newest.ttlMs;
    if (livesSurely && version === undefined) return `nothing, although version ${newest.version} lives`;
    if (version === undefined) return undefined;
    if (version < newest.version) return `version ${version}, although ${newest.version} was acknowledged`;
    const put = this.#puts.get(key)?.find((each) => each.version === version && each.from <= to);
    // The expiry is set inside the tab, between the put's beginning and its acknowledgement.
    if (put) return from > put.to + put.ttlMs ? `version ${version}, which had expired` : undefined;
    const isMaybe = this.#maybe.get(key)?.some((each) => each.version === version && each.from <= to) === true;
    return isMaybe ? undefined : `version ${version}, which nobody had put`;
  }

  /** Everybody who had published and lived on must be among those found. */
  #faultOfFind({ key, found, from, to }: FindProvidersEntry): string | undefined {
    const settled = new Set(this.#census.settled(from, to));
    const publishers = (this.#publishes.get(key) ?? []).flatMap((each) => (each.to <= from ? (each.asker ?? []) : []));
    const missing = publishers.find((id) => settled.has(id) && !found.includes(id));
    return missing && `missed the provider ${shortId(missing)}`;
  }
}

function isDone(operation: Operation): boolean {
  return operation.error === undefined;
}

function byKey<T extends { readonly key: string }>(entries: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const entry of entries) {
    const group = groups.get(entry.key);
    if (group) group.push(entry);
    else groups.set(entry.key, [entry]);
  }
  return groups;
}
