import type { Contact, NodeId } from '../../shared/src/ids.ts';
import type { Millis, Rng } from '../../shared/src/machine.ts';
import type { Overlay } from '../src/overlay/overlay.ts';
import type { OpId, OverlayCommand, OverlayInput, OverlayOutput, OverlayResult } from '../src/overlay/types.ts';

/** Hears the result of an operation. */
export type ResultListener = (result: OverlayResult) => void;

/** A command that ends in a result. */
type OpCommand = Extract<OverlayCommand, { op: number }>;

/** An operation before it has a number. */
export type OpRequest = OpCommand extends infer C ? (C extends OpCommand ? Omit<C, 'op'> : never) : never;

/** A dial of ours under way. */
export interface Dial {
  readonly attempt: number;
  readonly startedAt: Millis;
}

/** One side's view of a raw connection. */
export interface SimLink {
  readonly peer: SimNode;
  /** One way, the same both ways. [ms] */
  readonly latencyMs: Millis;
  /** False once this side has closed it or noticed its end. */
  isUp: boolean;
  /** The other side's view. Set while the connection is made. */
  reverse: SimLink;
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
  readonly rng: Rng;
  isAlive: boolean;
  readonly bornAt: Millis;
  joinedAt: Millis | undefined;
  /** Raw connections that are up. */
  readonly links: Map<NodeId, SimLink>;
  readonly dials: Map<NodeId, Dial>;
  readonly listeners: Map<OpId, ResultListener>;
  nextOp: OpId;
  /** Its place in the server's list, -1 when it has none. */
  registeredAt: number;
  /** The instant for which the scheduler holds a wake-up of this node. */
  wakeAt: Millis;
}
