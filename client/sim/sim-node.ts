import type { Contact, NodeId } from '../../shared/src/ids.ts';
import type { Millis, Rng } from '../../shared/src/machine.ts';
import type { Overlay } from '../src/overlay/overlay.ts';
import type { OpId, OverlayResult } from '../src/overlay/types.ts';

/** Hears the result of an operation. */
export type ResultListener = (result: OverlayResult) => void;

/** A dial of ours under way. */
export interface Dial {
  readonly attempt: number;
  readonly startedAt: Millis;
}

/** One simulated peer around the shipping machine. */
export interface SimNode {
  /** Index in the world; names the peer to the network model. */
  readonly index: number;
  readonly contact: Contact;
  readonly overlay: Overlay;
  readonly rng: Rng;
  isAlive: boolean;
  readonly bornAt: Millis;
  joinedAt: Millis | undefined;
  /** Raw connections that are up. */
  readonly links: Map<NodeId, SimNode>;
  readonly dials: Map<NodeId, Dial>;
  readonly listeners: Map<OpId, ResultListener>;
  nextOp: OpId;
  /** The instant for which the scheduler holds a wake-up of this node. */
  wakeAt: Millis;
}
