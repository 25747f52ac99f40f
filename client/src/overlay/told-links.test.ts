import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_TOLD_LINKS } from '../../../shared/src/limits/overlay.ts';
import {
  NO_LINKS,
  type ToldLinks,
  changedLinks,
  goneLink,
  peerOf,
  toldLink,
  toldRtt,
  withChanges,
} from './told-links.ts';

/** Links of one peer: few bits of id, so that the same peers come up again. */
const links = fc
  .uniqueArray(fc.record({ prefix: fc.integer({ min: 0, max: 60 }), rttMs: fc.integer({ min: 0, max: 2_000 }) }), {
    selector: ({ prefix }) => prefix,
    maxLength: MAX_TOLD_LINKS,
  })
  .map((told): ToldLinks => told.map(({ prefix, rttMs }) => toldLink(prefix << 26, rttMs)));

const sorted = (told: ToldLinks): number[] => [...told].sort((a, b) => a - b);

test('who is told the whole and then every change knows what there is', () => {
  fc.assert(
    fc.property(links, links, links, (first, second, third) => {
      let known = withChanges([toldLink(0x7fffffff, 80)], { isWhole: true, links: first });
      known = withChanges(known, { isWhole: false, links: changedLinks(first, second) });
      known = withChanges(known, { isWhole: false, links: changedLinks(second, third) });
      expect(sorted(known)).toEqual(sorted(third));
    }),
  );
});

test('nothing is told of what stayed as it was', () => {
  fc.assert(fc.property(links, (told) => changedLinks(told, [...told].reverse()).length === 0));
});

test('no more links of a peer are remembered than a peer has, however many it tells of', () => {
  let known = NO_LINKS;
  for (let i = 0; i < 10; i++) {
    const more = Array.from({ length: MAX_TOLD_LINKS }, (_, j) => toldLink((64 * i + j) << 8, 40));
    known = withChanges(known, { isWhole: false, links: more });
  }
  expect(known).toHaveLength(MAX_TOLD_LINKS);
});

test('a round trip is told in units of 4 ms, of a link that is there never as 0', () => {
  const told = [0, 1, 139, 1_020, 5_000].map((rttMs) => toldRtt(toldLink(-1, rttMs)));
  expect(told).toEqual([4, 4, 140, 1_020, 1_020]);
  const link = toldLink(0xabcdef01 | 0, 140);
  expect([peerOf(link), peerOf(goneLink(link)), toldRtt(goneLink(link))]).toEqual([0xabcdef, 0xabcdef, 0]);
});
