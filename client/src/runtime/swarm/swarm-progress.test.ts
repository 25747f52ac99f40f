import { expect, test } from 'vitest';
import { stillReport } from '../../worker/still-report.ts';
import { progressOf } from './swarm-progress.ts';
import { infoHash } from './test/torrent.ts';
import { idlePeer } from './test/worker-peer.ts';

const report = { ...stillReport(infoHash, 'downloading', 100), doneBytes: 0, leftBytes: 100 };
const progress = (change: Partial<typeof report>): ReturnType<typeof progressOf> =>
  progressOf({ ...report, ...change }, () => undefined);

test('the ratio is what was given over what is here, and there is none while nothing is here', () => {
  expect(progress({ doneBytes: 40, uploadedBytes: 60 }).ratio).toBe(1.5);
  expect(progress({ doneBytes: 40 }).ratio).toBe(0);
  expect(progress({ uploadedBytes: 60 }).ratio).toBeUndefined();
});

test('the time left is what is wanted over the rate, not known while nothing comes, and none when nothing is left', () => {
  expect(progress({ doneBytes: 40, leftBytes: 30, downBytesPerSecond: 20 }).etaMs).toBe(1500);
  expect(progress({ doneBytes: 40, leftBytes: 30 }).etaMs).toBeUndefined();
  expect(progress({ doneBytes: 100, leftBytes: 0, downBytesPerSecond: 20 }).etaMs).toBeUndefined();
});

test('of the peers those that have something for us are sources', () => {
  const [peer, source] = [idlePeer(infoHash), idlePeer(infoHash, { isSource: true })];
  expect(progress({ peers: [peer, source, peer] })).toMatchObject({ peers: 3, sources: 1 });
});
