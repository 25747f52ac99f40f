import { effect, signal, untracked } from '@preact/signals';
import type { LookupResult, LookupTrace, Node } from '../../index.ts';
import { errorCode, errorText } from '../view/errors.ts';
import { hopsOf } from '../view/lookup-ways.ts';
import { keyFromText } from '../view/lookup-words.ts';
import { node } from './session.ts';

export type LookupMode = 'recursive' | 'iterative';

/** How long the line takes from one peer to the next. [ms] Long enough to follow, short enough not to wait for. */
export const HOP_MS = 150;

/** How long a lookup of the node's own stays drawn after its line has arrived. [ms] */
const LINGER_MS = 1800;

/** Lookups of the node's own that are drawn at a time; further ones are not. More lines could not be followed. */
const MAX_PASSING = 3;

/**
 * A lookup that is answered sooner shows no sign of waiting. [ms] Quicker than that people see as at once (Nielsen,
 * Usability Engineering, 5.5), and it is less than the shortest timeout, so that one that nobody answers can be cancelled.
 */
const BUSY_AFTER_MS = 100;

/** What the look-up box shows. idle ──► running ──► found | failed | cancelled, and from each of these again. */
export type BoxState =
  | { readonly kind: 'idle' }
  /** `isSlow`: long enough under way to say so. Until then `before` stays on show. */
  | { readonly kind: 'running'; readonly text: string; readonly isSlow: boolean; readonly before: BoxState }
  | { readonly kind: 'found'; readonly text: string; readonly mode: LookupMode; readonly result: LookupResult }
  | {
      readonly kind: 'failed';
      readonly text: string;
      readonly mode: LookupMode;
      readonly code: string | undefined;
      readonly message: string;
    }
  | { readonly kind: 'cancelled'; readonly text: string };

export const box = signal<BoxState>({ kind: 'idle' });

/** The lookup of the box, for the ring: it stays until the next one, or until it is closed. */
export const ownTrace = signal<LookupTrace | undefined>();

/** Lookups of the node's own (reads, calls) while they run and shortly after. BOUNDED: by MAX_PASSING. */
export const passing = signal<readonly LookupTrace[]>([]);

let running: AbortController | undefined;
/** The lookup of the box; `next` while it is being begun. */
let ownId: number | 'next' | undefined;

/** Follows the lookups of each node that this page runs. */
export function watchLookups(): void {
  effect(() => {
    const joined = node.value;
    if (joined) untracked(() => joined.on('lookup', onTrace));
  });
}

/** Looks a key or text up and shows what comes of it in `box`. A lookup that still runs is given up. */
export async function lookUp(text: string, mode: LookupMode): Promise<void> {
  const joined = node.value;
  if (!joined) return;
  running?.abort();
  const control = new AbortController();
  running = control;
  const before = box.value.kind === 'running' ? box.value.before : box.value;
  box.value = { kind: 'running', text, isSlow: false, before };
  const slow = setTimeout(() => {
    if (box.value.kind === 'running') box.value = { ...box.value, isSlow: true };
  }, BUSY_AFTER_MS);
  try {
    const result = await begin(joined, text, { mode, signal: control.signal });
    if (running === control) box.value = { kind: 'found', text, mode, result };
  } catch (error) {
    if (running === control) box.value = failure(error, text, mode);
  } finally {
    clearTimeout(slow);
  }
}

export function cancelLookup(): void {
  running?.abort();
}

/** Puts the box and its drawing away. */
export function closeLookup(): void {
  running?.abort();
  running = undefined;
  ownId = undefined;
  box.value = { kind: 'idle' };
  ownTrace.value = undefined;
}

/** The first trace of a lookup comes before the call returns: that one is the box's own. */
function begin(
  joined: Node,
  text: string,
  options: { readonly mode: LookupMode; readonly signal: AbortSignal },
): Promise<LookupResult> {
  ownId = 'next';
  ownTrace.value = undefined;
  const looking = joined.lookup(keyFromText(text), options);
  if (ownId === 'next') ownId = undefined;
  return looking;
}

function failure(error: unknown, text: string, mode: LookupMode): BoxState {
  const code = errorCode(error);
  if (code === 'aborted') return { kind: 'cancelled', text };
  return { kind: 'failed', text, mode, code, message: errorText(error) };
}

function onTrace(trace: LookupTrace): void {
  if (ownId === 'next') ownId = trace.id;
  if (trace.id === ownId) ownTrace.value = trace;
  else pass(trace);
}

function pass(trace: LookupTrace): void {
  const others = passing.value.filter(({ id }) => id !== trace.id);
  const isNew = others.length === passing.value.length;
  // What began unseen is not drawn from its middle on.
  if (isNew && (document.hidden || trace.state !== 'running' || others.length >= MAX_PASSING)) return;
  passing.value = [...others, trace];
  if (trace.state !== 'running') setTimeout(() => drop(trace.id), drawingMs(trace) + LINGER_MS);
}

function drop(id: number): void {
  passing.value = passing.value.filter((trace) => trace.id !== id);
}

/** How long the line of a lookup travels. [ms] */
export function drawingMs({ paths }: LookupTrace): number {
  return HOP_MS * Math.max(0, ...hopsOf('', paths).map(({ rank }) => rank + 1));
}
