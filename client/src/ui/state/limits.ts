import { signal } from '@preact/signals';
import type { Node, RateLimits } from '../../index.ts';
import { readLimits, writeLimits } from '../view/limits.ts';
import { readKept, writeKept } from './kept.ts';
import { node } from './session.ts';

/** Key of the limits in the browser's small store. */
const KEPT_AS = 'skein-limits';

/** Limits of all shares and downloads together, as the person set them in this profile. */
export const limits = signal<RateLimits>({});

/** Sets and keeps them. */
export function setLimits(next: RateLimits): void {
  limits.value = next;
  node.value?.setLimits(next);
  writeKept('local', KEPT_AS, writeLimits(next));
}

/** Has the node keep to what was set on an earlier visit. */
export function restoreLimits(running: Node): void {
  limits.value = readLimits(readKept('local', KEPT_AS));
  running.setLimits(limits.value);
}
