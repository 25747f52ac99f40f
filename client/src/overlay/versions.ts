import { equalBytes } from '../../../shared/src/bytes.ts';
import { MAX_READ_VERSIONS } from '../../../shared/src/limits/records.ts';
import { isOwned } from './record-key.ts';
import { isSameVersion } from './record-store.ts';
import type { SignedRecord } from './types.ts';

interface Version {
  readonly record: SignedRecord;
  /** Holders that answered with it. */
  count: number;
  /** Undefined until its signature was checked. */
  isGood: boolean | undefined;
}

/** The different records that holders gave for one key. */
export class Versions {
  /** BOUNDED: by MAX_READ_VERSIONS. */
  readonly #versions: Version[] = [];

  /** Takes an answer in. True when it is kept and its signature is still to be checked, by `judge`. */
  add(record: SignedRecord, isGood?: boolean): boolean {
    const known = this.#versions.find(
      (version) => isSameVersion(version.record, record) && equalBytes(version.record.signature, record.signature),
    );
    if (known) known.count++;
    if (known || this.#versions.length >= MAX_READ_VERSIONS) return false;
    this.#versions.push({ record, count: 1, isGood });
    return isGood === undefined;
  }

  /** A version that is not good is gone: it takes no place from a real one. */
  judge(record: SignedRecord, isGood: boolean): void {
    const at = this.#versions.findIndex((candidate) => candidate.record === record);
    const version = this.#versions[at];
    if (version && isGood) version.isGood = true;
    else if (version) this.#versions.splice(at, 1);
  }

  /**
   * The newest good one, of the key's owner where it has one. Where authors differ, or two versions bear one number, what more holders gave counts: a majority
   * of the replicas settles both when they are put.
   */
  newest(): SignedRecord | undefined {
    let best: Version | undefined;
    for (const version of this.#versions) if (version.isGood && (!best || isBetter(version, best))) best = version;
    return best?.record;
  }
}

function isBetter(a: Version, b: Version): boolean {
  if (isOwned(a.record) !== isOwned(b.record)) return isOwned(a.record);
  const isOneAuthor = a.record.author.id === b.record.author.id;
  if (isOneAuthor && a.record.sequence !== b.record.sequence) return a.record.sequence > b.record.sequence;
  return a.count > b.count;
}
