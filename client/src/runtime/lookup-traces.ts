import type { LookupTrace } from '../api.ts';
import type { OpId, OverlayResult } from '../overlay/types.ts';

/** Ways remembered of one operation. [paths] More answers than an iterative lookup of a large network gets. */
export const MAX_TRACE_PATHS = 32;

/** Follows this node's lookups and reads from start to end, for whoever wants to watch them. */
export class LookupTraces {
  /** BOUNDED: by the operations that are open. */
  readonly #open = new Map<OpId, LookupTrace>();
  readonly #tell: (trace: LookupTrace) => void;

  constructor(tell: (trace: LookupTrace) => void) {
    this.#tell = tell;
  }

  /** An operation starts; kinds that look nothing up are not followed. */
  begin(op: OpId, command: { readonly kind: string; readonly key?: string }): void {
    const { kind, key } = command;
    if (key === undefined || (kind !== 'lookup' && kind !== 'get' && kind !== 'findProviders')) return;
    this.#show({ id: op, purpose: kind, key, state: 'running', paths: [], closest: [] });
  }

  /** An answer came from the end of `path`. */
  answered(op: OpId, path: readonly string[]): void {
    const trace = this.#open.get(op);
    if (!trace || path.length === 0 || trace.paths.length >= MAX_TRACE_PATHS) return;
    this.#show({ ...trace, paths: [...trace.paths, path] });
  }

  /** The operation is over; without a result it was given up. */
  end(op: OpId, result?: OverlayResult): void {
    const trace = this.#open.get(op);
    if (!trace) return;
    this.#open.delete(op);
    const closest = result?.kind === 'lookup' ? result.closest.map(({ id }) => id) : [];
    // A key that nobody holds was looked up well.
    const isFailed = !result || (result.kind === 'failed' && result.code !== 'not-found');
    this.#tell({ ...trace, state: isFailed ? 'failed' : 'done', closest });
  }

  #show(trace: LookupTrace): void {
    this.#open.set(trace.id, trace);
    this.#tell(trace);
  }
}
