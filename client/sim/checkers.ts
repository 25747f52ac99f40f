import { BUCKET_CAPACITY } from '../../shared/src/limits/overlay.ts';
import type { World } from './world.ts';

/** Checks what must hold after every run; returns what does not, as sentences. */
export function violations(world: World, linkHard: number): string[] {
  const found: string[] = [];
  for (const node of world.alive) {
    const { overlay, contact } = node;
    const perBucket = new Map<number, { all: number; linked: number }>();
    for (const { bucket, isLinked } of overlay.snapshot().entries) {
      const count = perBucket.get(bucket) ?? { all: 0, linked: 0 };
      count.all++;
      if (isLinked) count.linked++;
      perBucket.set(bucket, count);
    }
    for (const [bucket, { all, linked }] of perBucket) {
      if (all > Math.max(BUCKET_CAPACITY, linked))
        found.push(`bucket ${bucket} of ${contact.id} holds ${all} contacts`);
    }
    if (overlay.links > linkHard) found.push(`${contact.id} has ${overlay.links} links`);
    if (overlay.links > node.links.size)
      found.push(`${contact.id} believes in ${overlay.links} links and has ${node.links.size}`);
  }
  const { sent, delivered, lost } = world.frames;
  if (delivered + lost > sent) found.push(`${delivered + lost} frames arrived or were lost, ${sent} were sent`);
  return found;
}

/** Operations that never ended, to be counted after every deadline has passed. */
export function openOperations(world: World): number {
  return world.alive.reduce((sum, { overlay, listeners }) => sum + Math.max(overlay.openOperations, listeners.size), 0);
}
