import type { Forward } from './forward.ts';
import type { AgedContact } from './frame-fields.ts';
import type { ReplyStatus } from './reply-frame.ts';

/** What the end of a route answers. */
export interface Answer {
  readonly status: ReplyStatus;
  readonly payload: Uint8Array;
  readonly closest: readonly AgedContact[];
}

/** Handles messages that end at this peer. */
export interface Endpoint {
  /** The answer, or undefined when it comes later through `Forwarder.answer`. */
  consume(forward: Forward, payload: Uint8Array): Answer | undefined;
  /** True when a message of others about a stored key is to end here, although closer peers are known. */
  intercepts(forward: Forward): boolean;
  /** An answer to a GET of others passes. */
  observe(forward: Forward, reply: Uint8Array): void;
}
