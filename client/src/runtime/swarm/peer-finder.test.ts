import { expect, test } from 'vitest';
import { type Contact, contactFromKey } from '../../../../shared/src/ids.ts';
import { ANNOUNCE_PERIOD_MS, MAX_CONNECTING } from '../../../../shared/src/limits/storage.ts';
import { ManualClock, settle } from '../../adapters/memory/manual-clock.ts';
import type { TrackerPeers } from '../../ports/signaling.ts';
import { type FinderOwner, PeerFinder } from './peer-finder.ts';
import { infoHash } from './test/torrent.ts';

/** How long it takes to find out that there is no way to a peer. [ms] */
const DIAL_MS = 15_000;

const contacts = (count: number): Contact[] =>
  Array.from({ length: count }, (_, i) => contactFromKey(new Uint8Array(32).fill(2 + i)));

/** A finder in a network in which nobody can be reached, and whom it dialled. */
function lonely(wantsPeers: boolean, answer?: TrackerPeers | Promise<TrackerPeers>) {
  const clock = new ManualClock();
  const dialled: string[] = [];
  const announcedAt: number[] = [];
  const owner: FinderOwner = {
    self: contactFromKey(new Uint8Array(32).fill(1)).id,
    clock,
    links: () => new Map(),
    openLink: ({ id }) => {
      dialled.push(id);
      return new Promise((_, reject) => clock.setTimer(clock.now() + DIAL_MS, () => reject(new Error('no way'))));
    },
    swarms: () => [infoHash],
    findProviders: () => Promise.resolve([]),
    trackerPeers: () => {
      announcedAt.push(clock.now());
      return Promise.resolve(answer);
    },
    peerCount: () => 0,
    hasPeer: () => false,
    wantsPeers: () => wantsPeers,
    hasEnoughSources: () => false,
    openChannel: () => true,
    unused: () => undefined,
  };
  return { clock, finder: new PeerFinder(owner), dialled, announcedAt };
}

test('peers that cannot be reached keep nobody from being tried who became known after them', async () => {
  const { clock, finder, dialled } = lonely(true);
  const all = contacts(3 * MAX_CONNECTING);
  finder.start();
  finder.offer(all, infoHash);
  for (let dials = 0; dials < 3; dials++) await clock.advance(DIAL_MS + 1);
  expect(new Set(dialled)).toEqual(new Set(all.map(({ id }) => id)));
  finder.stop();
});

test('a torrent is announced twice in the time in which the tracker wants to hear of it, and soon to one that did not answer', async () => {
  for (const answer of [{ peers: [], intervalMs: 10 * ANNOUNCE_PERIOD_MS }, undefined]) {
    const { clock, finder, announcedAt } = lonely(false, answer);
    const start = clock.now();
    finder.start();
    await settle();
    await clock.advance(5 * ANNOUNCE_PERIOD_MS);
    expect(announcedAt.map((at) => (at - start) / ANNOUNCE_PERIOD_MS)).toEqual(answer ? [0, 5] : [0, 1, 2, 3, 4, 5]);
    finder.stop();
  }
});

/** The tracker names nobody, and wants to hear of a torrent again only in a while. */
const LATER = { peers: [], intervalMs: 10 * ANNOUNCE_PERIOD_MS };

test('a torrent is announced again soon after the server is back, which has forgotten it', async () => {
  const { clock, finder, announcedAt } = lonely(false, LATER);
  finder.start();
  await settle();
  await clock.advance(ANNOUNCE_PERIOD_MS);
  const backAt = clock.now();
  finder.serverJoined(1_000);
  await clock.advance(ANNOUNCE_PERIOD_MS);
  expect(announcedAt.slice(1)).toEqual([backAt + 1_000]);
  finder.stop();
});

test('an announcement that the server answers after it was joined is enough', async () => {
  let answer: (peers: TrackerPeers) => void = () => undefined;
  const { clock, finder, announcedAt } = lonely(false, new Promise((resolve) => (answer = resolve)));
  finder.start();
  finder.serverJoined(1_000);
  answer(LATER);
  await settle();
  await clock.advance(ANNOUNCE_PERIOD_MS);
  expect(announcedAt).toHaveLength(1);
  finder.stop();
});

test('a torrent that is not announced is not so because the server is back', async () => {
  const { clock, finder, announcedAt } = lonely(false, LATER);
  finder.serverJoined(1_000);
  await clock.advance(ANNOUNCE_PERIOD_MS);
  expect(announcedAt).toEqual([]);
});

test('whom no link led to for long is tried again soon after the server is back', async () => {
  const { clock, finder, dialled } = lonely(true, LATER);
  finder.start();
  finder.offer(contacts(1), infoHash);
  while (dialled.length < 7) await clock.advance(1_000);
  await clock.advance(DIAL_MS);
  finder.serverJoined(1_000);
  await clock.advance(1_001);
  expect(dialled).toHaveLength(8);
  finder.stop();
});
