import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hashToId } from '../../../shared/src/ids.ts';
import { UPLOAD_RECORD_MS } from '../../../shared/src/limits/storage.ts';
import { readKeptShare } from './storage/kept-shares.ts';
import { readRecord } from './storage/resume.ts';
import { UploadCount } from './upload-count.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('what is given counts on from earlier pages, and is recorded once in a while as long as it grows', () => {
  const recorded: number[] = [];
  const uploads = new UploadCount(100, () => recorded.push(uploads.total));
  uploads.meter(0);
  expect(uploads).toMatchObject({ total: 100, isUnrecorded: false });
  for (const bytes of [10, 20, 30]) uploads.meter(bytes);
  vi.advanceTimersByTime(UPLOAD_RECORD_MS);
  uploads.meter(30);
  vi.advanceTimersByTime(UPLOAD_RECORD_MS);
  expect(recorded).toEqual([130]);
  expect(uploads.isUnrecorded).toBe(false);
});

test('nothing is recorded of a torrent that is stopped, whatever it says last', () => {
  const record = vi.fn();
  const uploads = new UploadCount(0, record);
  uploads.meter(10);
  uploads.stop();
  uploads.meter(20);
  vi.advanceTimersByTime(UPLOAD_RECORD_MS);
  expect(record).not.toHaveBeenCalled();
  expect(uploads.total).toBe(20);
});

test.each([
  ['none', undefined, 0],
  ['one', 1_500, 1_500],
  ['nonsense', '1500', 0],
  ['less than nothing', -1, 0],
])('a record with %s as what was given is read', (_what, uploadedBytes, read) => {
  const infoHash = hashToId(Uint8Array.of(1));
  const download = { infoHash, name: 'a', trackers: [], generation: 1, uploadedBytes };
  const share = { infoHash, torrentFile: Uint8Array.of(1), files: [], uploadedBytes };
  expect([readRecord(download)?.uploadedBytes, readKeptShare(share)?.uploadedBytes]).toEqual([read, read]);
});
