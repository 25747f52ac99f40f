import type { LinkPath } from '../ports/links.ts';

/** One live link. */
export interface LinkInfo {
  readonly id: string;
  readonly name: string;
  readonly path: LinkPath;
  readonly rttMs: number | undefined;
}

/** One contact of the routing table. */
export interface ContactInfo {
  readonly id: string;
  /** Known only for peers that are or were linked. */
  readonly name: string | undefined;
  readonly bucket: number;
  readonly linked: boolean;
  /** No link to it can be opened: what is sent to it goes through common neighbours. */
  readonly virtual: boolean;
  readonly sibling: boolean;
  readonly rttMs: number | undefined;
}

/** How full one bucket of the routing table is. */
export interface BucketInfo {
  /** Length of the prefix that its contacts share with this node's id. [bits] */
  readonly index: number;
  readonly linked: number;
  /** Contacts without a link. */
  readonly known: number;
  /** Contacts that wait for a place. */
  readonly replacements: number;
}

/** A lookup or a read of this node, from its start to its end, for drawings and logs. */
export interface LookupTrace {
  /** The same from start to end. */
  readonly id: number;
  readonly purpose: 'lookup' | 'get' | 'findProviders';
  readonly key: string;
  /** `failed` also when it was cancelled. */
  readonly state: 'running' | 'done' | 'failed';
  /** The way of each answer so far, oldest first: ids from the first hop to the peer that answered. */
  readonly paths: readonly (readonly string[])[];
  /** Ids, nearest first; of a lookup that is done. */
  readonly closest: readonly string[];
}

/** How `lookup` goes about it. */
export interface LookupOptions {
  /** `recursive`: handed on hop by hop, the default. `iterative`: every peer on the way is asked, more slowly. */
  readonly mode?: 'recursive' | 'iterative';
  /**
   * Copies of a recursive lookup that take ways of their own, 1 to 8. From 2 on the closest peers must answer for
   * themselves, so that peers which drop, misroute or lie are found out. Default 1.
   */
  readonly disjoint?: number;
  /** Cancels the lookup. */
  readonly signal?: AbortSignal;
}

/** What a lookup found, and how. */
export interface LookupResult {
  /** The key as 40 hex digits, hashed where it was not given so. */
  readonly key: string;
  /** Ids, nearest first. */
  readonly closest: readonly string[];
  readonly hops: number;
  readonly ms: number;
  readonly path: readonly string[];
}
