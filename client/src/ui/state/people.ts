import { computed, signal } from '@preact/signals';
import type { Call, LinkInfo } from '../../index.ts';
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

/** Someone of an earlier call. */
interface RecentPerson {
  readonly id: string;
  readonly name: string;
  /** This side called, or answered: not somebody who only rang here. */
  readonly isMet: boolean;
}

/** People of earlier calls that are kept for this tab. */
const MAX_RECENT = 6;
const KEY = 'skein.recent';

/** Those who were met first, the newest of each before the others. BOUNDED: by MAX_RECENT. */
const recent = signal<readonly RecentPerson[]>(readRecent());

/** Everyone with a link, by name, and then people from earlier calls. */
export const people = computed<readonly PersonEntry[]>(() => {
  const linked = links.value.map((link) => ({ id: link.id, name: displayName(link), link }));
  const known = new Set([...linked.map(({ id }) => id), node.value?.id]);
  const earlier = recent.value
    .filter(({ id }) => !known.has(id))
    .map(({ id, name }) => ({ id, name, link: undefined }));
  return [...linked, ...earlier];
});

/** Keeps someone in the list after the link is gone. Whoever only rings here takes the place of nobody who was met. */
export function rememberPerson(peer: Call['peer'], isMetNow: boolean): void {
  const person = { id: peer.id, name: displayName(peer), isMet: isMetNow || wasMet(peer.id) };
  const all = [person, ...recent.value.filter(({ id }) => id !== peer.id)];
  recent.value = [...all.filter(({ isMet }) => isMet), ...all.filter(({ isMet }) => !isMet)].slice(0, MAX_RECENT);
  writeKept('tab', KEY, JSON.stringify(recent.value));
}

/** This side has called that person, or answered their call. */
export function wasMet(id: string): boolean {
  return recent.value.some((person) => person.id === id && person.isMet);
}

function readRecent(): readonly RecentPerson[] {
  try {
    const kept: unknown = JSON.parse(readKept('tab', KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isPerson).slice(0, MAX_RECENT) : [];
  } catch {
    return [];
  }
}

function isPerson(value: unknown): value is RecentPerson {
  if (typeof value !== 'object' || value === null || !('id' in value && 'name' in value && 'isMet' in value))
    return false;
  return typeof value.id === 'string' && typeof value.name === 'string' && typeof value.isMet === 'boolean';
}
