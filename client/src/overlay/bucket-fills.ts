import type { Bucket } from './bucket.ts';
import type { BucketFill } from './types.ts';

/** How full each bucket is that holds or remembers somebody; `buckets` is indexed by length of common prefix. */
export function bucketFills(buckets: readonly (Bucket | undefined)[]): BucketFill[] {
  const fills: BucketFill[] = [];
  buckets.forEach((bucket, index) => {
    const replacements = bucket?.replacements.length ?? 0;
    if (!bucket || bucket.entries.length + replacements === 0) return;
    const linked = bucket.entries.filter((entry) => entry.link !== undefined).length;
    fills.push({ index, linked, known: bucket.entries.length - linked, replacements });
  });
  return fills;
}
