import { computed } from '@preact/signals';
import { contacts, links } from '../state/network.ts';
import { ownTrace, passing } from '../state/lookups.ts';
import { node } from '../state/session.ts';
import { stateOf } from '../view/contact-order.ts';
import { layoutRing, type RingDot, type RingPeer } from './ring-layout.ts';

/** Most peers drawn; more cannot be told apart. Links come first. */
const MAX_DOTS = 128;

/** Peers of the network as this node knows it. BOUNDED: by links and contacts. */
const neighbours = computed<readonly RingPeer[]>(() => {
  const me = node.value;
  const linked = links.value.map(({ id, path }): RingPeer => ({ id, kind: path === 'direct' ? 'direct' : 'relayed' }));
  const seen = new Set([me?.id, ...linked.map(({ id }) => id)]);
  const known = contacts.value
    .filter(({ id }) => !seen.has(id))
    .map((contact): RingPeer => ({ id: contact.id, kind: stateOf(contact) === 'virtual' ? 'virtual' : 'known' }));
  const own: readonly RingPeer[] = me ? [{ id: me.id, kind: 'self' }] : [];
  return [...own, ...linked, ...known].slice(0, MAX_DOTS);
});

/** Ids that the drawn lookups name. */
const named = computed(() =>
  [...(ownTrace.value ? [ownTrace.value] : []), ...passing.value].flatMap(({ paths, closest }) => [
    ...paths.flat(),
    ...closest.slice(0, MARKED_CLOSEST),
  ]),
);

/** How many of the closest peers the ring marks. */
export const MARKED_CLOSEST = 3;

/** Everyone on the ring, placed. BOUNDED: by MAX_DOTS and what the drawn lookups name. */
export const dots = computed<readonly RingDot[]>(() => {
  const drawn = new Set(neighbours.value.map(({ id }) => id));
  const others = [...new Set(named.value)].filter((id) => !drawn.has(id));
  return layoutRing([...neighbours.value, ...others.map((id): RingPeer => ({ id, kind: 'passed' }))]);
});

/** The dots by id. */
export const dotOf = computed(() => new Map(dots.value.map((dot) => [dot.id, dot])));
