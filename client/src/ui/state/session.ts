import { computed, effect, signal } from '@preact/signals';
import { join, SkeinError, type JoinOptions, type Node, type NodeStatus } from '../../index.ts';
import { errorText } from '../view/errors.ts';
import { isLocalHost } from './own-host.ts';
import { type StatusFacts, statusSentence, statusTone } from '../view/status-words.ts';

declare global {
  interface Window {
    /** The node of this page, once joined: for the console, tests and embedders. */
    skein?: Node;
  }
}

/** The node of this page; undefined until `join` has resolved. */
export const node = signal<Node | undefined>();
export const phase = signal<'joining' | 'joined' | 'failed'>('joining');
export const joinError = signal<{ readonly code: string; readonly message: string } | undefined>();
export const status = signal<NodeStatus | undefined>();
/** My display name; `rename` changes it. */
export const myName = signal('');
/** The server was connected at some time. Tells "gone" from "never there". */
export const wasConnected = signal(false);
/** The browser says that this device is in no network, and the page did not come from this device itself. */
export const isOffline = signal(isInNoNetwork());
/** The page had a link at some time. */
export const wasLinked = signal(false);
/** The join began this long ago without a server. Set a while after the start, so that no one is alarmed too early. */
export const isLate = signal(false);

const facts = computed<StatusFacts>(() => ({
  phase: phase.value,
  status: status.value,
  wasConnected: wasConnected.value,
  isOffline: isOffline.value,
}));
export const statusText = computed(() => statusSentence(facts.value));
export const tone = computed(() => statusTone(facts.value));

/** After this long without a link the page offers help. [ms] Three seconds pass before people wonder (FilePizza). */
const LATE_MS = 3000;

/** Joins the network. Never rejects: a failed start is a state of the page. */
export async function startSession(options: JoinOptions): Promise<void> {
  effect(() => {
    document.documentElement.dataset['skein'] = phase.value;
  });
  for (const change of ['online', 'offline']) addEventListener(change, () => (isOffline.value = isInNoNetwork()));
  setTimeout(() => (isLate.value = true), LATE_MS);
  try {
    takeNode(await join(options));
  } catch (error) {
    joinError.value = { code: error instanceof SkeinError ? error.code : 'internal', message: errorText(error) };
    phase.value = 'failed';
  }
}

export function renameMe(name: string): void {
  const trimmed = name.trim();
  if (trimmed === '' || !node.value) return;
  node.value.rename(trimmed);
  myName.value = node.value.name;
}

function takeNode(joined: Node): void {
  takeStatus(joined.status);
  joined.on('status', takeStatus);
  myName.value = joined.name;
  window.skein = joined;
  node.value = joined;
  phase.value = 'joined';
}

function takeStatus(next: NodeStatus): void {
  if (next.server === 'connected') wasConnected.value = true;
  if (next.links > 0) wasLinked.value = true;
  status.value = next;
}

function isInNoNetwork(): boolean {
  return !navigator.onLine && !isLocalHost();
}
