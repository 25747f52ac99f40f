import type { ContactInfo } from '../../index.ts';

/** How a contact is reached. linked: a link of our own. virtual: through common neighbours. known: not at present. */
export type ContactState = 'linked' | 'virtual' | 'known';

/** What the table of contacts can be sorted by. */
export type ContactColumn = 'name' | 'id' | 'bucket' | 'state' | 'sibling' | 'rtt';

export interface ContactOrder {
  readonly column: ContactColumn;
  readonly isDescending: boolean;
}

/** Nearest first, as the overlay thinks of them. */
export const NEAREST_FIRST: ContactOrder = { column: 'bucket', isDescending: true };

const STATE_RANK: Readonly<Record<ContactState, number>> = { linked: 0, virtual: 1, known: 2 };

export function stateOf({ linked, virtual }: ContactInfo): ContactState {
  if (linked) return 'linked';
  return virtual ? 'virtual' : 'known';
}

/** What a click on a column's header makes of the order: the same column turns round. */
export function reordered(order: ContactOrder, column: ContactColumn): ContactOrder {
  return { column, isDescending: order.column === column && !order.isDescending };
}

/**
 * The contacts in order; equal ones by id. Who has no name or no round-trip time comes last in either direction, since
 * nobody sorts to see those.
 */
export function sortContacts(contacts: readonly ContactInfo[], order: ContactOrder): ContactInfo[] {
  const sign = order.isDescending ? -1 : 1;
  return contacts.toSorted(
    (a, b) => gap(a, b, order.column) || sign * compare(a, b, order.column) || (a.id < b.id ? -1 : 1),
  );
}

/**
 * The contacts in the places where they stood, by their ids, whatever their order would be now; those that are new come
 * behind, in order. For rows that somebody points at: they are not to move away from under the pointer.
 */
export function holdPlaces(
  contacts: readonly ContactInfo[],
  stood: readonly string[],
  order: ContactOrder,
): ContactInfo[] {
  const places = new Map(stood.map((id, place) => [id, place]));
  const placeOf = ({ id }: ContactInfo): number => places.get(id) ?? stood.length;
  return sortContacts(contacts, order).toSorted((a, b) => placeOf(a) - placeOf(b));
}

function gap(a: ContactInfo, b: ContactInfo, column: ContactColumn): number {
  if (column === 'name') return Number(a.name === undefined) - Number(b.name === undefined);
  if (column === 'rtt') return Number(a.rttMs === undefined) - Number(b.rttMs === undefined);
  return 0;
}

function compare(a: ContactInfo, b: ContactInfo, column: ContactColumn): number {
  switch (column) {
    case 'name':
      return (a.name ?? '').localeCompare(b.name ?? '');
    case 'id':
      return a.id < b.id ? -1 : 1;
    case 'bucket':
      return a.bucket - b.bucket;
    case 'state':
      return STATE_RANK[stateOf(a)] - STATE_RANK[stateOf(b)];
    case 'sibling':
      return Number(b.sibling) - Number(a.sibling);
    case 'rtt':
      return (a.rttMs ?? 0) - (b.rttMs ?? 0);
  }
}
