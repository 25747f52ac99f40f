import type { Key, NodeId } from '../../../shared/src/ids.ts';
import { PASS_ON_MAX_AGE_MS } from '../../../shared/src/limits/overlay.ts';
import { randomBelow } from '../../../shared/src/machine.ts';
import { type PackedPlace, UNKNOWN_PLACE, USEFUL_ERROR } from './coordinates.ts';
import type { Core } from './core.ts';
import type { Entry } from './entry.ts';
import type { AgedContact } from './frame-fields.ts';
import type { Selection } from './nearest.ts';
import type { RoutingTable } from './routing-table.ts';

/** `entry` as we pass it on. */
export function agedContact(core: Core, entry: Entry): AgedContact {
  const age = Math.ceil(Math.max(0, core.now - entry.proof) / 1000);
  return { contact: entry.contact, age: Math.min(age, 255), place: placeToTell(entry) };
}

/** Where `entry` is, as far as it knows that itself. */
function placeToTell({ place, link }: Entry): PackedPlace {
  const isVague = link !== undefined && link.placeError > 255 * USEFUL_ERROR;
  return isVague ? UNKNOWN_PLACE : Math.max(place, UNKNOWN_PLACE);
}

/** The contacts closest to `key` that we may vouch for, nearest first. */
export function closestContacts(
  core: Core,
  table: RoutingTable,
  key: Key,
  count: number,
  except: NodeId | undefined,
): AgedContact[] {
  return table.closest(key, count, passable(core, except)).map((entry) => agedContact(core, entry));
}

/**
 * The contacts closest to `key` that we are linked to, nearest first: what is passed on unasked. Whoever is told of
 * them can reach them through us, and a peer that died is passed on by nobody once its links are gone.
 */
export function closestLinked(
  core: Core,
  table: RoutingTable,
  key: Key,
  count: number,
  except: NodeId | undefined,
): AgedContact[] {
  return table
    .closest(key, count, { isLinkedOnly: true, ...passable(core, except) })
    .map((entry) => agedContact(core, entry));
}

/** Whom we may pass on to `except`: who proved lately to be alive, and is not the one that asks. */
function passable(core: Core, except: NodeId | undefined): Selection {
  return { provenSince: core.now - PASS_ON_MAX_AGE_MS, ...(except === undefined ? {} : { except }) };
}

/** Up to `count` linked contacts from a random place on: neighbours in the list are neighbours in nothing else. */
export function sampleLinked(
  core: Core,
  table: RoutingTable,
  count: number,
  except: NodeId | undefined,
): AgedContact[] {
  const { linked } = table;
  const samples: AgedContact[] = [];
  if (linked.length === 0) return samples;
  const start = randomBelow(core.rng, linked.length);
  for (let i = 0; i < linked.length && samples.length < count; i++) {
    const entry = linked[(start + i) % linked.length] as Entry;
    if (entry.contact.id !== except && !entry.link?.isSuspect) samples.push(agedContact(core, entry));
  }
  return samples;
}

/**
 * Takes note of contacts that `referrer` vouches for. `firstHop` is the link over which we heard of them, by which they
 * are counted; where the referrer itself is only found through it, as between two islands, it is the way to them.
 */
export function learnContacts(
  core: Core,
  table: RoutingTable,
  contacts: readonly AgedContact[],
  referrer: NodeId | undefined,
  firstHop?: NodeId,
): void {
  // Hundreds of contacts remember their referrer: they share one string.
  const teller = referrer === undefined ? undefined : (table.get(referrer)?.contact.id ?? referrer);
  const hop = firstHop === undefined ? undefined : table.link(firstHop)?.contact.id;
  for (const { contact, age, place } of contacts) {
    const entry = table.learn(contact, core.now - 1000 * age, core.now, teller, place, hop ?? teller);
    if (hop !== undefined) entry?.addReferrer(hop);
  }
}
