import { type Contact, KEY_BYTES, contactFromKey } from '../../shared/src/ids.ts';
import { type Millis, type Rng, randomBytes } from '../../shared/src/machine.ts';
import { Overlay, type OverlayOptions } from '../src/overlay/overlay.ts';
import { writeIndex } from './peer-index.ts';
import type { SimNode } from './sim-node.ts';

/** Makes a peer that is born at `now`, around a machine of its own. */
export function newNode(index: number, now: Millis, options: OverlayOptions): SimNode {
  return {
    index,
    contact: options.self,
    overlay: new Overlay(options),
    rng: options.rng,
    isAlive: true,
    bornAt: now,
    joinedAt: undefined,
    links: new Map(),
    dials: new Map(),
    listeners: new Map(),
    nextOp: 1,
    wakeAt: Number.POSITIVE_INFINITY,
  };
}

/** The contact of peer `index`: a random key that carries the index. */
export function newContact(rng: Rng, index: number): Contact {
  const publicKey = randomBytes(rng, KEY_BYTES);
  writeIndex(publicKey, index);
  return contactFromKey(publicKey);
}
