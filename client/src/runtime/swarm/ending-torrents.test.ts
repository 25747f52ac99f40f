import { expect, test } from 'vitest';
import { hashToId } from '../../../../shared/src/ids.ts';
import { EndingTorrents } from './ending-torrents.ts';

const [one, other] = [hashToId(Uint8Array.of(1)), hashToId(Uint8Array.of(2))];

test('a torrent that is ended twice counts as ending until both are done, and no other one does', async () => {
  const ended: string[] = [];
  const ending = new EndingTorrents((infoHash) => ended.push(infoHash));
  const over: (() => void)[] = [];
  const ends = [0, 1].map(() => ending.until(one, new Promise<void>((resolve) => over.push(resolve))));
  expect([ending.has(one), ending.has(other)]).toEqual([true, false]);
  over[0]?.();
  await ends[0];
  expect([ending.has(one), ended]).toEqual([true, []]);
  over[1]?.();
  await ends[1];
  expect([ending.has(one), ended]).toEqual([false, [one]]);
});

test('a torrent whose end failed is no longer ending, and whoever waits hears of it', async () => {
  const ending = new EndingTorrents(() => undefined);
  await expect(ending.until(one, Promise.reject(new Error('worker gone')))).rejects.toThrow('worker gone');
  expect(ending.has(one)).toBe(false);
});
