import { expect, test } from 'vitest';
import { type NodeId, hashToId } from '../../../../shared/src/ids.ts';
import { settle } from '../../adapters/memory/manual-clock.ts';
import { NamedPeers } from './named-peers.ts';

const [liar, friend] = [hashToId(Uint8Array.of(1)), hashToId(Uint8Array.of(2))];
const ids = (kind: number, count: number): NodeId[] =>
  Array.from({ length: count }, (_, i) => hashToId(Uint8Array.of(kind, i)));

/** Lookups that end when the test says so, the oldest first. */
function lookUp(): { readonly named: NamedPeers; readonly asked: NodeId[]; readonly end: () => Promise<void> } {
  const asked: NodeId[] = [];
  const ends: (() => void)[] = [];
  const named = new NamedPeers({
    isSeeking: () => true,
    resolve: (peer) => {
      asked.push(peer);
      return new Promise((resolve) => ends.push(() => resolve(undefined)));
    },
    found: () => undefined,
  });
  const end = async (): Promise<void> => {
    ends.shift()?.();
    await settle();
  };
  return { named, asked, end };
}

test('whom one peer names is looked for, however many another one has named that are not there', async () => {
  const { named, asked, end } = lookUp();
  named.add(ids(3, 200), liar);
  const [real] = ids(4, 1);
  named.add([real as NodeId], friend);
  for (let ended = 0; ended < 2; ended++) await end();
  expect(asked).toContain(real);
});

test('one that is named by two is looked for once', async () => {
  const { named, asked, end } = lookUp();
  for (const from of [liar, friend]) named.add(ids(3, 10), from);
  for (let ended = 0; ended < 30; ended++) await end();
  expect(asked.toSorted()).toEqual(ids(3, 10).toSorted());
});
