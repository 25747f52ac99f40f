import { type Signal, signal } from '@preact/signals';
import type { BucketInfo, ContactInfo, LinkInfo, Node } from '../../index.ts';
import { displayName } from '../view/people.ts';
import { pathWord } from '../view/status-words.ts';
import { withSteadyRtt } from '../view/steady-rtt.ts';
import { announce } from './notices.ts';
import { throttled } from './ticker.ts';

/** Live links, by name. BOUNDED: by the node's connection budget. */
export const links = signal<readonly LinkInfo[]>([]);
/** Contacts of the routing table. BOUNDED: by the table. */
export const contacts = signal<readonly ContactInfo[]>([]);
/** The buckets that hold somebody. BOUNDED: by 160 buckets. */
export const buckets = signal<readonly BucketInfo[]>([]);

/** Round-trip times change without an event; this often they are read again. [ms] As often as links are asked for them. */
const REREAD_MS = 5000;

/**
 * Up to so many links a screen reader says who came. More come within seconds, and with peers that come and go without end:
 * it would say nothing else.
 */
const MAX_TOLD = 3;

/** Keeps the three lists as the node has them. A hidden page is not drawn: it catches up when it is looked at. */
export function watchNetwork(node: Node): void {
  const refresh = throttled(() => {
    if (document.hidden) return;
    update(links, withSteadyRtt(links.value, node.links().toSorted(byName)));
    update(contacts, withSteadyRtt(contacts.value, node.contacts()));
    update(buckets, node.buckets());
  });
  node.on('link', (link) => {
    refresh();
    if (node.links().length <= MAX_TOLD) announce(`${displayName(link)} joined, ${pathWord(link.path)}`);
  });
  node.on('unlink', refresh);
  node.on('status', refresh);
  document.addEventListener('visibilitychange', refresh);
  setInterval(refresh, REREAD_MS);
  refresh();
}

/** Takes `next` unless it reads the same on the page: what does not change is not drawn again. */
function update<Row>(rows: Signal<readonly Row[]>, next: readonly Row[]): void {
  if (asShown(next) !== asShown(rows.value)) rows.value = next;
}

/** The rows in full, with times in whole milliseconds as they are shown. */
function asShown(rows: readonly unknown[]): string {
  return JSON.stringify(rows, (_key, value: unknown) => (typeof value === 'number' ? Math.round(value) : value));
}

function byName(a: LinkInfo, b: LinkInfo): number {
  return displayName(a).localeCompare(displayName(b)) || (a.id < b.id ? -1 : 1);
}
