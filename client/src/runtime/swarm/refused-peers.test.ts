import { expect, test } from 'vitest';
import { hashToId } from '../../../../shared/src/ids.ts';
import { MAX_REFUSED_PEERS } from '../../../../shared/src/limits/storage.ts';
import { RefusedPeers } from './refused-peers.ts';

const idOf = (name: number): ReturnType<typeof hashToId> => hashToId(Uint8Array.of(name & 255, name >> 8));

test('each peer that asked for a torrent is named once, and those of others are kept', () => {
  const refused = new RefusedPeers();
  refused.note(idOf(1), idOf(11));
  refused.note(idOf(1), idOf(12));
  refused.note(idOf(1), idOf(11));
  refused.note(idOf(2), idOf(11));
  expect(refused.take(idOf(1)).toSorted()).toEqual([idOf(11), idOf(12)].toSorted());
  expect(refused.take(idOf(1))).toEqual([]);
  expect(refused.take(idOf(2))).toEqual([idOf(11)]);
});

test('a peer that asks for more than are remembered displaces nobody, and gives way to others', () => {
  const [before, flood, after] = [idOf(1), idOf(2), idOf(3)];
  const refused = new RefusedPeers();
  refused.note(idOf(11), before);
  for (let name = 0; name < 2 * MAX_REFUSED_PEERS; name++) refused.note(idOf(1_000 + name), flood);
  refused.note(idOf(12), after);
  expect([refused.take(idOf(11)), refused.take(idOf(12))]).toEqual([[before], [after]]);
});

test('a peer whose link is gone takes no place', () => {
  const refused = new RefusedPeers();
  for (let name = 0; name < MAX_REFUSED_PEERS; name++) refused.note(idOf(1_000 + name), idOf(1));
  refused.forget(idOf(1));
  refused.note(idOf(11), idOf(1));
  expect([refused.take(idOf(1_000)), refused.take(idOf(11))]).toEqual([[], [idOf(1)]]);
});
