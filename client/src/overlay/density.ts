import type { Key, NodeId } from '../../../shared/src/ids.ts';
import { DENSITY_CONTACTS, DENSITY_TOLERANCE } from '../../../shared/src/limits/overlay.ts';
import { distanceFraction } from '../../../shared/src/xor.ts';

/**
 * The number of peers a network would have if it were everywhere as dense as `ids` are around `key`: the i-th closest of
 * N peers lies at about i/N of the id space (least squares). `ids` are nearest first; 0 for none.
 */
export function sizeByDensity(key: Key, ids: readonly NodeId[]): number {
  let squares = 0;
  let products = 0;
  for (const [i, id] of ids.slice(0, DENSITY_CONTACTS).entries()) {
    squares += (i + 1) * (i + 1);
    products += (i + 1) * distanceFraction(key, id);
  }
  return products > 0 ? squares / products : 0;
}

/** How the peers named around a key compare with a network of the size that we believe in. */
export type Density = 'plausible' | 'sparse' | 'dense';

/**
 * The density test of Castro et al. 2002 §4.2. Who hides peers names others that are too far apart; who invents peers
 * around a key names them too close together.
 */
export function judgeDensity(key: Key, ids: readonly NodeId[], networkSize: number): Density {
  const wanted = Math.min(DENSITY_CONTACTS, networkSize - 1);
  if (ids.length < wanted / DENSITY_TOLERANCE) return 'sparse';
  const size = sizeByDensity(key, ids);
  if (size * DENSITY_TOLERANCE < networkSize) return 'sparse';
  return ids.length >= DENSITY_CONTACTS && size > networkSize * DENSITY_TOLERANCE ? 'dense' : 'plausible';
}
