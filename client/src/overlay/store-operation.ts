import type { Key } from '../../../shared/src/ids.ts';
import { OPERATION_TIMEOUT_MS } from '../../../shared/src/limits/overlay.ts';
import type { ReplyFrame, ReplyStatus } from './reply-frame.ts';
import { type NoAnswer, Request, type RequestOwner, type Routing } from './request.ts';
import type { RouteKind } from './route-frame.ts';

/** How a store ended. `copies` counts the closest peers that hold it, as the root of the key reports. */
export type StoreOutcome =
  | { readonly kind: 'stored'; readonly copies: number }
  | { readonly kind: 'rejected'; readonly status: ReplyStatus }
  | { readonly kind: 'lost'; readonly why: NoAnswer };

/** Who stores. Called exactly once, unless cancelled. */
export interface StoreOwner {
  onStored(outcome: StoreOutcome): void;
}

/** Sends something to the root of a key, which keeps it and copies it to the other closest peers. */
export class StoreOperation implements RequestOwner {
  readonly #request: Request;
  readonly #owner: StoreOwner;

  constructor(routing: Routing, kind: RouteKind, key: Key, payload: Uint8Array, owner: StoreOwner) {
    const deadline = routing.core.now + OPERATION_TIMEOUT_MS;
    this.#owner = owner;
    this.#request = new Request(routing, { kind, flags: 0, target: key, payload, ways: [], deadline }, this);
  }

  start(): this {
    this.#request.start();
    return this;
  }

  cancel(): void {
    this.#request.cancel();
  }

  onAnswer(_request: Request, reply: ReplyFrame): void {
    if (reply.status === 'ok') this.#owner.onStored({ kind: 'stored', copies: reply.payload[0] ?? 1 });
    else this.#owner.onStored({ kind: 'rejected', status: reply.status });
  }

  onNoAnswer(_request: Request, why: NoAnswer): void {
    this.#owner.onStored({ kind: 'lost', why });
  }
}
