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

test('of more than are remembered the oldest are forgotten', () => {
  const refused = new RefusedPeers();
  for (let name = 0; name <= MAX_REFUSED_PEERS; name++) refused.note(idOf(name), idOf(name));
  expect([refused.take(idOf(0)), refused.take(idOf(1)), refused.take(idOf(MAX_REFUSED_PEERS))]).toEqual([
    [],
    [idOf(1)],
    [idOf(MAX_REFUSED_PEERS)],
  ]);
});
