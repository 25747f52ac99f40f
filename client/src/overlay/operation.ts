import type { Millis } from '../../../shared/src/machine.ts';
import { MAX_OPERATIONS, MAX_OPERATION_TIMEOUT_MS } from '../../../shared/src/limits/overlay.ts';
import type { Core, Timed } from './core.ts';
import type { OpId, OverlayErrorCode, OverlayResult } from './types.ts';

/** Something that the owner asked for and that ends in exactly one result. */
export interface Operation {
  /** Stops all work; no result follows. */
  cancel(): void;
}

/** Gives operations their result. */
export interface OperationSink {
  finish(op: OpId, result: OverlayResult): void;
}

/** The operations that are open. */
export class Operations implements OperationSink {
  readonly #core: Core;
  /** BOUNDED: by MAX_OPERATIONS; further ones fail at once. */
  readonly #open = new Map<OpId, Operation>();

  constructor(core: Core) {
    this.#core = core;
  }

  get size(): number {
    return this.#open.size;
  }

  /** True when another operation may be opened under `op`; otherwise it has failed already. */
  admits(op: OpId): boolean {
    if (this.#open.size < MAX_OPERATIONS && !this.#open.has(op)) return true;
    this.#core.emit({ kind: 'result', op, result: failed('refused') });
    return false;
  }

  open(op: OpId, operation: Operation): void {
    this.#open.set(op, operation);
  }

  finish(op: OpId, result: OverlayResult): void {
    if (this.#open.delete(op)) this.#core.emit({ kind: 'result', op, result });
  }

  /** A result that needs no work. */
  finishNow(op: OpId, result: OverlayResult): void {
    this.#core.emit({ kind: 'result', op, result });
  }

  cancel(op: OpId): void {
    const operation = this.#open.get(op);
    if (!operation) return;
    this.#open.delete(op);
    operation.cancel();
  }

  /** Ends everything: the owner leaves. */
  cancelAll(): void {
    for (const [op, operation] of [...this.#open]) {
      operation.cancel();
      this.finish(op, failed('cancelled'));
    }
  }
}

export function failed(code: OverlayErrorCode): OverlayResult {
  return { kind: 'failed', code };
}

/** `timeoutMs` of a command as an instant, within the caps. */
export function deadlineAfter(now: Millis, timeoutMs: Millis): Millis {
  const timeout = Number.isFinite(timeoutMs) ? timeoutMs : MAX_OPERATION_TIMEOUT_MS;
  return now + Math.min(Math.max(timeout, 1), MAX_OPERATION_TIMEOUT_MS);
}

/** Calls `onTimer` of its owner: for owners that need a second timer of their own. */
export class Alarm implements Timed {
  readonly #ring: { onAlarm(): void };

  constructor(ring: { onAlarm(): void }) {
    this.#ring = ring;
  }

  onTimer(): void {
    this.#ring.onAlarm();
  }
}
