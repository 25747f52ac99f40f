import { expect, test } from 'vitest';
import { binaryText, equalBytes } from '../../../../shared/src/bytes.ts';
import { hashToId } from '../../../../shared/src/ids.ts';
import { MIN_TRACKER_PAUSE_MS } from '../../../../shared/src/limits/trackers.ts';
import { seededRng } from '../../../../shared/src/machine.ts';
import { settle } from '../../adapters/memory/manual-clock.ts';
import { isAliasOf, makeAlias, nextAlias } from './alias.ts';
import { type Scene, THEIRS, ask, of } from './test/stranger-scene.ts';
import type { FakeTracker } from './test/strangers.ts';
import { infoHash, magnet } from './test/torrent.ts';
import { FakeWorld, type FakeNode } from './test/world.ts';

const strangerNode = hashToId(Uint8Array.of(99));

/** Loses the tracker's connection, and has it come to be again. */
async function reconnect(
  { world, network }: Scene,
  lost = network.trackers.at(-1) as FakeTracker,
): Promise<FakeTracker> {
  lost.lose();
  await world.clock.advance(2 * MIN_TRACKER_PAUSE_MS);
  const again = network.trackers.findLast(({ url }) => url === lost.url) as FakeTracker;
  expect(again).not.toBe(lost);
  again.open();
  await settle();
  again.say({ interval: 120 });
  return again;
}

test('to a tracker whose connection was lost this peer is another one: it may still take the lost one for open', async () => {
  const scene = await ask();
  const again = await reconnect(scene);
  const ids = [scene.tracker, again].map(({ heard }) => heard[0]?.['peer_id']);
  expect(new Set(ids).size).toBe(2);
  again.answer(THEIRS, 0);
  scene.network.connections.find(({ accepted }) => accepted)?.connect();
  expect(of(scene.node, 'attachHeld').map(({ alias }) => binaryText(alias))).toEqual([ids[1]]);
  const alias = (id: string): Uint8Array => Uint8Array.from(id, (unit) => unit.charCodeAt(0));
  for (const id of ids) expect(isAliasOf(alias(id as string), scene.node.id, infoHash)).toBe(true);
});

test('all trackers know this peer by one id, also after all were lost: a stranger of two of them meets it once', async () => {
  const scene = await ask();
  scene.node.service.download(`${magnet}&tr=${encodeURIComponent('wss://b.example')}`);
  const b = scene.network.trackers[1] as FakeTracker;
  b.open();
  await settle();
  const again = [await reconnect(scene, scene.tracker), await reconnect(scene, b)];
  const ids = [scene.tracker, b, ...again].map(({ heard }) => heard[0]?.['peer_id']);
  expect([ids[0] === ids[1], ids[2] === ids[3], ids[1] === ids[2]]).toEqual([true, true, false]);
});

test('a stranger of this program that comes by its next id is the one that is connected', async () => {
  const { network, tracker } = await ask('seeding');
  const alias = makeAlias(strangerNode, infoHash, seededRng(5));
  for (const id of [alias, nextAlias(alias)]) {
    tracker.offer(binaryText(id), binaryText(id));
    await settle();
    network.connections.at(-1)?.connect();
  }
  const answers = tracker.heard.filter(({ answer }) => answer);
  expect(answers.map((message) => message['to_peer_id'])).toEqual([binaryText(alias)]);
});

test('this peer does not meet itself under an id of an earlier connection', async () => {
  const scene = await ask('seeding');
  const again = await reconnect(scene);
  again.offer(scene.tracker.heard[0]?.['peer_id'] as string);
  await settle();
  expect(again.heard.filter(({ answer }) => answer)).toEqual([]);
});

test('an alias is another one each time, and only who knows the node recognises it', () => {
  const [node, other] = new FakeWorld().pair().map(({ id }) => id) as [FakeNode['id'], FakeNode['id']];
  const rng = seededRng(1);
  const [a, b] = [makeAlias(node, infoHash, rng), makeAlias(node, infoHash, rng)];
  expect(a).toHaveLength(20);
  expect(a).not.toEqual(b);
  const next = nextAlias(a);
  expect([a, b, next].map((alias) => isAliasOf(alias, node, infoHash))).toEqual([true, true, true]);
  expect([next, nextAlias(next)].filter((alias) => equalBytes(alias, a))).toEqual([]);
  expect([
    isAliasOf(a, other, infoHash),
    isAliasOf(a, node, other),
    isAliasOf(new Uint8Array(20), node, infoHash),
  ]).toEqual([false, false, false]);
});
