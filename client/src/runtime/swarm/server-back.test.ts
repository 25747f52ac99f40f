import { expect, test } from 'vitest';
import { hashToId } from '../../../../shared/src/ids.ts';
import { ANNOUNCE_PERIOD_MS, REANNOUNCES_PER_SECOND, REANNOUNCE_MS } from '../../../../shared/src/limits/storage.ts';
import { settle } from '../../adapters/memory/manual-clock.ts';
import { FakeWorld, type FakeNode } from './test/world.ts';

/** A node that has announced so many torrents, of all of which it has everything. */
async function library(world: FakeWorld, size: number): Promise<FakeNode> {
  const [node] = world.pair();
  for (let n = 0; n < size; n++) node.seed(hashToId(Uint8Array.of(n >> 8, n & 255)));
  await settle();
  node.announcements.length = 0;
  return node;
}

test.each([1, 20])('%i torrents are announced again within seconds of the return of the server', async (size) => {
  const world = new FakeWorld();
  const node = await library(world, size);
  node.service.serverJoined();
  expect(node.announcements).toEqual([]);
  await world.clock.advance(REANNOUNCE_MS);
  expect(new Set(node.announcements.map(({ swarm }) => swarm)).size).toBe(size);
  await node.service.close();
});

test('a library is announced again bit by bit, and within the time in which it is announced anyway', async () => {
  const world = new FakeWorld();
  const node = await library(world, 1_000);
  node.service.serverJoined();
  let most = 0;
  for (let second = 0; second < ANNOUNCE_PERIOD_MS / 1_000; second++) {
    const before = node.announcements.length;
    await world.clock.advance(1_000);
    most = Math.max(most, node.announcements.length - before);
  }
  expect(new Set(node.announcements.map(({ swarm }) => swarm)).size).toBe(1_000);
  expect(most).toBeLessThan(4 * REANNOUNCES_PER_SECOND);
  await node.service.close();
});
