import { expect, test } from 'vitest';
import { LinkEnds, SimLink } from './sim-link.ts';
import type { SimNode } from './sim-node.ts';

/** Names are given whoever the link is of. */
const link = (): SimLink => new SimLink({} as SimNode, {} as SimNode['contact'], 1, 20);

test('a link is found by its name until that is taken back', () => {
  const ends = new LinkEnds();
  const links = [link(), link()];
  const names = links.map((each) => ends.add(each));
  expect(names.map(({ slot, connection }) => ends.find(slot, connection))).toEqual(links);
  ends.remove(links[0] as SimLink);
  expect(names.map(({ slot, connection }) => ends.find(slot, connection))).toEqual([undefined, links[1]]);
});

test('a place is used again, and whoever names the former connection there finds nobody', () => {
  const ends = new LinkEnds();
  const former = link();
  const { slot, connection } = ends.add(former);
  ends.remove(former);
  ends.remove(former);
  const later = link();
  expect(ends.add(later).slot).toBe(slot);
  expect(ends.find(slot, connection)).toBeUndefined();
  expect(ends.add(link()).slot).not.toBe(slot);
});
