import type { Contact, NodeId } from '../../shared/src/ids.ts';
import type { Millis, Rng } from '../../shared/src/machine.ts';
import type { Overlay } from '../src/overlay/overlay.ts';
import type { OpId, OverlayCommand, OverlayInput, OverlayOutput, OverlayResult } from '../src/overlay/types.ts';
import type { SimLink } from './sim-link.ts';

/** Hears the result of an operation. */
export type ResultListener = (result: OverlayResult) => void;

/** A command that ends in a result. */
type OpCommand = Extract<OverlayCommand, { op: number }>;

/** An operation before it has a number. */
export type OpRequest = OpCommand extends infer C ? (C extends OpCommand ? Omit<C, 'op'> : never) : never;

/** A dial of ours under way. */
export interface Dial {
  /** Named in its signals; -1 once they are over. */
  readonly attempt: number;
  readonly startedAt: Millis;
  /** The link that is being opened, once the peer was asked to take it. */
  link: SimLink | undefined;
}

/** Stands between a simulated peer and its machine: for peers that do not keep the rules. */
export interface Behaviour {
  handle(input: OverlayInput, now: Millis, out: OverlayOutput[]): void;
}

/** One simulated peer around the shipping machine. */
export interface SimNode {
  /** Index in the world; names the peer to the network model. */
  readonly index: number;
  readonly contact: Contact;
  readonly overlay: Overlay;
  /** Handles the inputs instead of the machine. */
  behaviour?: Behaviour;
  /** All that is random about this peer: its machine, its dials, the frames it loses. */
  readonly rng: Rng;
  isAlive: boolean;
  readonly bornAt: Millis;
  joinedAt: Millis | undefined;
  /** Raw connections that are up. */
  readonly links: Map<NodeId, SimLink>;
  readonly dials: Map<NodeId, Dial>;
  readonly listeners: Map<OpId, ResultListener>;
  nextOp: OpId;
  /** The instant for which the scheduler holds a wake-up of this node. */
  wakeAt: Millis;
}
