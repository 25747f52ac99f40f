import { computed, signal } from '@preact/signals';
import type { LinkInfo } from '../../index.ts';
import { displayName } from '../view/people.ts';
import { readKept, writeKept } from './kept.ts';
import { links } from './network.ts';
import { node } from './session.ts';

/** Someone who can be called. */
export interface PersonEntry {
  readonly id: string;
  readonly name: string;
  /** The live link, for those who have one. */
  readonly link: LinkInfo | undefined;
}

/** People called before and kept for this tab. */
const MAX_RECENT = 6;
const KEY = 'skein.recent';

/** BOUNDED: by MAX_RECENT. */
const recent = signal<readonly { readonly id: string; readonly name: string }[]>(readRecent());

/** Everyone with a link, by name, and then people from earlier calls. */
export const people = computed<readonly PersonEntry[]>(() => {
  const linked = links.value.map((link) => ({ id: link.id, name: displayName(link), link }));
  const known = new Set([...linked.map(({ id }) => id), node.value?.id]);
  const earlier = recent.value.filter(({ id }) => !known.has(id)).map((person) => ({ ...person, link: undefined }));
  return [...linked, ...earlier];
});

/** Keeps someone in the list after the link is gone. */
export function rememberPerson(peer: { readonly id: string; readonly name: string | undefined }): void {
  const others = recent.value.filter(({ id }) => id !== peer.id);
  recent.value = [{ id: peer.id, name: displayName(peer) }, ...others].slice(0, MAX_RECENT);
  writeKept('tab', KEY, JSON.stringify(recent.value));
}

function readRecent(): readonly { readonly id: string; readonly name: string }[] {
  try {
    const kept: unknown = JSON.parse(readKept('tab', KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isPerson).slice(0, MAX_RECENT) : [];
  } catch {
    return [];
  }
}

function isPerson(value: unknown): value is { readonly id: string; readonly name: string } {
  if (typeof value !== 'object' || value === null || !('id' in value) || !('name' in value)) return false;
  return typeof value.id === 'string' && typeof value.name === 'string';
}
