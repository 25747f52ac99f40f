import { signal } from '@preact/signals';
import type { ContactInfo, LinkInfo, Node } from '../../index.ts';
import { displayName } from '../view/people.ts';
import { pathWord } from '../view/status-words.ts';
import { announce } from './notices.ts';
import { throttled } from './ticker.ts';

/** Live links, by name. BOUNDED: by the node's connection budget. */
export const links = signal<readonly LinkInfo[]>([]);
/** Contacts of the routing table. BOUNDED: by the table. */
export const contacts = signal<readonly ContactInfo[]>([]);

/** Round-trip times change without an event; this often they are read again. [ms] */
const REREAD_MS = 2000;

/** Keeps `links` and `contacts` as the node has them. */
export function watchNetwork(node: Node): void {
  const refresh = throttled(() => {
    links.value = node.links().toSorted(byName);
    contacts.value = node.contacts();
  });
  node.on('link', (link) => {
    refresh();
    announce(`${displayName(link)} joined, ${pathWord(link.path)}`);
  });
  node.on('unlink', refresh);
  node.on('status', refresh);
  setInterval(() => {
    if (!document.hidden) refresh();
  }, REREAD_MS);
  refresh();
}

function byName(a: LinkInfo, b: LinkInfo): number {
  return displayName(a).localeCompare(displayName(b)) || (a.id < b.id ? -1 : 1);
}
