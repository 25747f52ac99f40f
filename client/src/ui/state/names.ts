import { computed } from '@preact/signals';
import { displayName } from '../view/people.ts';
import { contacts, links } from './network.ts';
import { myName, node } from './session.ts';

/** Names of the peers that are or were linked. BOUNDED: by links and contacts. */
const names = computed(
  () =>
    new Map([...contacts.value, ...links.value].flatMap(({ id, name }) => (name === undefined ? [] : [[id, name]]))),
);

/** The name to show for an id: its own, or the start of the id. */
export function nameOf(id: string): string {
  if (id === node.value?.id) return myName.value;
  return displayName({ id, name: names.value.get(id) });
}

/** As `nameOf`; this page itself is "You". */
export function whoIs(id: string): string {
  return id === node.value?.id ? 'You' : nameOf(id);
}
