import type { BucketInfo, ContactInfo } from '../../index.ts';
import { bucketPrefix } from './distance.ts';
import { sortContacts } from './contact-order.ts';

/** One bucket as the page draws it. */
export interface BucketRow {
  readonly index: number;
  readonly prefix: { readonly shared: string; readonly differs: string };
  /** Linked ones first, then virtual ones, then known ones. */
  readonly contacts: readonly ContactInfo[];
  /** Slots that are free. */
  readonly free: number;
  readonly replacements: number;
}

/** The buckets of the node `self`, shortest prefix first, with who is in them. `capacity` is the k of the table. */
export function bucketRows(
  self: string,
  contacts: readonly ContactInfo[],
  buckets: readonly BucketInfo[],
  capacity: number,
): BucketRow[] {
  const inOrder = sortContacts(contacts, { column: 'state', isDescending: false });
  return buckets.map(({ index, replacements }) => {
    const inside = inOrder.filter(({ bucket }) => bucket === index);
    const free = Math.max(0, capacity - inside.length);
    return { index, prefix: bucketPrefix(self, index), contacts: inside, free, replacements };
  });
}
