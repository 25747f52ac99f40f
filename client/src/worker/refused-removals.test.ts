import { afterEach, expect, test, vi } from 'vitest';
import { NO_ORIGIN } from '../swarm/torrent-origin.ts';
import type { InfoHash } from '../swarm/types.ts';
import type { DownloadSource } from './protocol.ts';
import { ResumeRecords } from './storage/resume.ts';
import { refuseDeletions, refuseReads } from './test/fake-keyval.ts';
import { type WorkerTab, leaveDownload } from './test/tab.ts';
import { tabsOfTests, until } from './test/tabs.ts';

vi.mock('idb-keyval', () => import('./test/fake-keyval.ts'));

const FILE = new File([new Uint8Array(200_000).fill(7)], 'mine.bin', { lastModified: 1 });

const tabs = tabsOfTests();
afterEach(() => void vi.restoreAllMocks());

const recorded = async (): Promise<InfoHash[]> => (await new ResumeRecords().all()).map(({ infoHash }) => infoHash);

const linkTo = (infoHash: InfoHash): DownloadSource => ({
  kind: 'magnet',
  infoHash,
  name: FILE.name,
  ...NO_ORIGIN,
  selected: undefined,
});

/** A tab whose person removed a download, of which the browser would not delete the record. */
async function removeInVain(): Promise<{ readonly infoHash: InfoHash; readonly tab: WorkerTab }> {
  const infoHash = await leaveDownload(FILE, [0, 2]);
  const tab = tabs.open();
  await until(() => tab.progress().at(-1)?.state === 'finding');
  refuseDeletions(true);
  await tab.table.remove(infoHash, false);
  expect(await recorded()).toEqual([infoHash]);
  return { infoHash, tab };
}

test('a download whose record the browser does not delete is gone on the next page all the same', async () => {
  const { tab } = await removeInVain();
  refuseDeletions(false);
  await tab.table.close();
  const next = tabs.open();
  await until(() => tabs.browser.stored().length === 0);
  expect(await recorded()).toEqual([]);
  expect(next.kinds()).toEqual([]);
});

test('it is gone, too, while the browser still does not, and asked of it again on each page', async () => {
  const { infoHash, tab } = await removeInVain();
  await tab.table.close();
  const attempts = vi.spyOn(ResumeRecords.prototype, 'remove');
  const next = tabs.open();
  await until(() => attempts.mock.calls.length > 0);
  await next.table.close();
  expect([next.kinds(), tabs.browser.stored()]).toEqual([[], [infoHash]]);
  refuseDeletions(false);
  tabs.open();
  await until(() => tabs.browser.stored().length === 0);
  expect(await recorded()).toEqual([]);
});

test('so is one that did not run when it was removed, as it could not be read before', async () => {
  const infoHash = await leaveDownload(FILE);
  refuseReads(true);
  const attempts = vi.spyOn(ResumeRecords.prototype, 'read');
  const tab = tabs.open();
  await until(() => attempts.mock.settledResults.some(({ type }) => type === 'rejected'));
  refuseReads(false);
  refuseDeletions(true);
  await tab.table.remove(infoHash, false);
  refuseDeletions(false);
  await tab.table.close();
  const next = tabs.open();
  await until(() => tabs.browser.stored().length === 0);
  expect([await recorded(), next.kinds()]).toEqual([[], []]);
});

test('one that is asked for again begins anew, and does not count as removed from then on', async () => {
  const { infoHash, tab } = await removeInVain();
  const before = tab.progress().length;
  await tab.table.download(linkTo(infoHash));
  await until(() => tab.progress().length > before);
  expect(tab.progress().at(-1)).toMatchObject({ state: 'finding', doneBytes: 0, totalBytes: 0 });
  await tab.table.close();
  const next = tabs.open();
  await until(() => next.kinds().includes('resumed'));
});

test('where the browser lets nothing be noted either, removing fails and says that the download comes back', async () => {
  const infoHash = await leaveDownload(FILE, [0, 2]);
  const tab = tabs.open();
  await until(() => tab.progress().at(-1)?.state === 'finding');
  refuseDeletions(true);
  vi.spyOn(navigator.storage, 'getDirectory').mockRejectedValue(new DOMException('it is gone', 'InvalidStateError'));
  await expect(tab.table.remove(infoHash, false)).rejects.toMatchObject({
    code: 'storage-failed',
    message: expect.stringMatching(/comes back with the next page/) as string,
  });
});
