import { SIBLING_COUNT } from '../../../shared/src/limits/overlay.ts';
import type { Bucket } from './bucket.ts';
import type { Entry } from './entry.ts';
import type { RoutingTable } from './routing-table.ts';

/**
 * The newest link whose peer says that it needs us and is not believed; only links that `mayGo` count. Nobody can check
 * what a peer needs, but it has few reasons: we are a sibling of its, or its only link of a bucket, or it has hardly any
 * link yet. The first is so only where a bucket holds no more contacts than there are siblings, for they are all nearer
 * to each other than to us; the others are rare, and soon over. So in each larger bucket the `believed` oldest links are
 * believed: whoever comes later, in whatever number, does not outlast those who were there.
 */
export function newestUnbelieved(
  table: RoutingTable,
  believed: number,
  mayGo: (entry: Entry) => boolean,
): Entry | undefined {
  let newest: Entry | undefined;
  for (const bucket of table.buckets) {
    if (!bucket || bucket.entries.length <= SIBLING_COUNT || bucket.linkedCount <= believed) continue;
    const last = lastClaim(bucket, believed, mayGo);
    if (last && (!newest || since(last) >= since(newest))) newest = last;
  }
  return newest;
}

/** The newest claim of a bucket with more than `believed` of them. */
function lastClaim(bucket: Bucket, believed: number, mayGo: (entry: Entry) => boolean): Entry | undefined {
  let last: Entry | undefined;
  let count = 0;
  for (const entry of bucket.entries) {
    if (!entry.link?.isNeededByPeer || !mayGo(entry)) continue;
    count++;
    if (!last || since(entry) >= since(last)) last = entry;
  }
  return count > believed ? last : undefined;
}

function since({ link }: Entry): number {
  return link?.since ?? 0;
}
