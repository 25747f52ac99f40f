import type { NodeId } from '../../shared/src/ids.ts';
import { BUCKET_CAPACITY, REPLACEMENT_CAPACITY } from '../../shared/src/limits/overlay.ts';
import { siblingCountFor } from '../src/overlay/link-policy.ts';
import type { OverlaySnapshot } from '../src/overlay/types.ts';
import type { PutRecord } from './records.ts';
import type { SimNode } from './sim-node.ts';
import type { World, WorldOptions } from './world.ts';

/** What a peer's table must keep to. */
export type TableBounds = Pick<WorldOptions, 'linkTarget' | 'linkHard'>;

/** After this nothing is under way any more between peers that are silent. [ms] */
const SETTLE_MS = 60_000;

/** What is wrong with one peer's table, as sentences. */
export function tableViolations(
  id: NodeId,
  { entries, buckets }: Pick<OverlaySnapshot, 'entries' | 'buckets'>,
  bounds: TableBounds,
): string[] {
  const found: string[] = [];
  let links = 0;
  for (const { index, linked, known, replacements } of buckets) {
    links += linked;
    if (linked + known > Math.max(BUCKET_CAPACITY, linked))
      found.push(`bucket ${index} of ${id} holds ${linked + known} contacts`);
    if (replacements > REPLACEMENT_CAPACITY) found.push(`bucket ${index} of ${id} has ${replacements} replacements`);
  }
  if (links > bounds.linkHard) found.push(`${id} has ${links} links`);
  const siblings = entries.filter(({ isSibling }) => isSibling).length;
  if (siblings > siblingCountFor(bounds.linkTarget)) found.push(`${id} has ${siblings} siblings`);
  const listed = buckets.reduce((sum, { linked, known }) => sum + linked + known, 0);
  if (listed !== entries.length) found.push(`${id} knows ${entries.length} contacts and ${listed} are in buckets`);
  return found;
}

/** What is wrong with a peer's links: the machine must not believe in links that are not there. */
export function linkViolations({ contact, overlay, links }: Pick<SimNode, 'contact' | 'overlay' | 'links'>): string[] {
  return overlay.links > links.size ? [`${contact.id} believes in ${overlay.links} links and has ${links.size}`] : [];
}

/** Message conservation, once nothing is under way any more: every frame was delivered, or lost with its link. */
export function conservationViolations({ sent, delivered, lost }: World['frames']): string[] {
  return sent === delivered + lost
    ? []
    : [`${sent} frames were sent, but ${delivered} were delivered and ${lost} lost`];
}

/** Operations open after every deadline has passed. */
export function openViolations(overdue: number): string[] {
  return overdue > 0 ? [`${overdue} operations were never answered`] : [];
}

/** Records owned by nobody, although a peer that held them lives. Those whose holders all died at once are counted, not judged. */
export function recordViolations(records: readonly Pick<PutRecord, 'key' | 'lost'>[]): string[] {
  return records
    .filter(({ lost }) => lost === 'by a living holder')
    .map(({ key }) => `nobody holds the record ${key}, though one of its last holders lives`);
}

/** All peers fall silent, and what is under way arrives nowhere. The world is over after this. */
export function silence(world: World): void {
  for (const node of world.alive) node.isAlive = false;
  world.run(world.now + SETTLE_MS);
}

/** Operations that have no answer yet. */
export function openOperations(world: World): number {
  return world.alive.reduce((sum, { overlay, listeners }) => sum + Math.max(overlay.openOperations, listeners.size), 0);
}
