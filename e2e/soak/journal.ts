import type { NodeId } from '../../shared/src/ids.ts';

/** Instants of the harness's own clock, one for all tabs. [ms] */
export type Instant = number;

/** What every entry of the journal says. */
interface Entry {
  /** The peer that asked; undefined for a page whose node did not even start. */
  readonly asker: NodeId | undefined;
  /** Just before the tab was asked, and just after it answered: the operation lies between. */
  readonly from: Instant;
  readonly to: Instant;
  /** What it took inside the page. [ms] */
  readonly ms: number;
  /** The code of the error that it was rejected with. */
  readonly error?: string;
}

/** A tab's way into the network: from the start of its navigation to its first links. */
export interface JoinEntry extends Entry {
  readonly kind: 'join';
}

export interface LookupEntry extends Entry {
  readonly kind: 'lookup';
  readonly key: NodeId;
  readonly closest: readonly NodeId[];
  readonly hops: number;
}

/** One version of a record. Each key has one author, who writes its versions one after the other: 1, 2, 3 … */
export interface PutEntry extends Entry {
  readonly kind: 'put';
  readonly key: string;
  readonly version: number;
  readonly ttlMs: number;
}

export interface GetEntry extends Entry {
  readonly kind: 'get';
  readonly key: string;
  /** The version read; undefined when there was nothing under the key. */
  readonly version: number | undefined;
}

export interface PublishEntry extends Entry {
  readonly kind: 'publish';
  readonly key: string;
}

export interface FindProvidersEntry extends Entry {
  readonly kind: 'findProviders';
  readonly key: string;
  readonly found: readonly NodeId[];
}

/** An operation that came to an end. Those of a tab that was closed meanwhile are not among them. */
export type Operation = JoinEntry | LookupEntry | PutEntry | GetEntry | PublishEntry | FindProvidersEntry;

export type OperationKind = Operation['kind'];

export const OPERATION_KINDS: readonly OperationKind[] = ['join', 'lookup', 'put', 'get', 'publish', 'findProviders'];

/** A put whose tab was closed before the answer came: it may have been stored. */
export type LostPut = Pick<PutEntry, 'key' | 'version' | 'from' | 'ttlMs'>;
