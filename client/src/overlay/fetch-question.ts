import type { Contact, Key, NodeId } from '../../../shared/src/ids.ts';
import type { GetSubject } from './payloads.ts';
import type { NoAnswer } from './request.ts';
import type { SignedRecord } from './types.ts';

/** What was read. */
export interface Fetched {
  readonly record: SignedRecord | undefined;
  readonly providers: readonly Contact[];
  /** Set when nobody answered, or only to refuse. */
  readonly why: NoAnswer | 'refused' | undefined;
}

/** Who reads. Called exactly once, unless cancelled. */
export interface FetchOwner {
  onFetched(fetched: Fetched): void;
  /** An answer came, from the end of `path`. */
  onTrail?(path: readonly NodeId[]): void;
}

/** What is read, and what we have of it ourselves. */
export interface FetchQuestion {
  readonly key: Key;
  readonly subject: GetSubject;
  /** Whose records count; undefined: anybody's. */
  readonly author: NodeId | undefined;
  /** No copies: holders only. */
  readonly isFresh: boolean;
  readonly record: SignedRecord | undefined;
  readonly providers: readonly Contact[];
}
