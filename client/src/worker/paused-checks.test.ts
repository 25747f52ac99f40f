import { afterEach, expect, test, vi } from 'vitest';
import type { InfoHash } from '../swarm/types.ts';
import { deleteFolder } from './storage/opfs.ts';
import { ResumeRecords } from './storage/resume.ts';
import { holdDigests } from './test/digests.ts';
import { type WorkerTab, leaveDownload } from './test/tab.ts';
import { tabsOfTests, until } from './test/tabs.ts';

vi.mock('idb-keyval', () => import('./test/fake-keyval.ts'));

const FILE = new File([new Uint8Array(200_000).fill(7)], 'mine.bin', { lastModified: 1 });

const tabs = tabsOfTests();
afterEach(() => void vi.restoreAllMocks());

/** A tab that goes on with a download, and has a person pause it in the middle of the check of what is stored. */
async function pauseInCheck(): Promise<{
  readonly infoHash: InfoHash;
  readonly tab: WorkerTab;
  readonly checked: () => number;
}> {
  const infoHash = await leaveDownload(FILE);
  const digests = holdDigests();
  const tab = tabs.open();
  await until(() => digests.asked() > 0);
  tab.table.setPaused(infoHash, true);
  digests.release();
  await until(() => tab.progress().at(-1)?.state === 'paused');
  return { infoHash, tab, checked: digests.asked };
}

test('a download that is paused while what it has is checked is paused with the piece that is being checked', async () => {
  const { tab, checked } = await pauseInCheck();
  expect(checked()).toBe(1);
  for (const progress of tab.progress())
    expect(progress).toMatchObject({ state: 'paused', error: undefined, doneBytes: FILE.size });
});

test('what it has is checked when it goes on, and counts no more where it is not there', async () => {
  const { infoHash, tab, checked } = await pauseInCheck();
  await deleteFolder(infoHash);
  tab.table.setPaused(infoHash, false);
  await until(() => tab.progress().at(-1)?.state === 'finding');
  expect(tab.progress().at(-1)).toMatchObject({ doneBytes: 0, error: undefined });
  expect(checked()).toBeGreaterThan(1);
});

test('it is paused on the next page, too, and what was noted of it stays', async () => {
  const { infoHash, tab } = await pauseInCheck();
  await tab.table.close();
  const next = tabs.open();
  await until(() => next.progress().at(-1)?.state === 'paused');
  expect(next.progress().at(-1)).toMatchObject({ doneBytes: FILE.size, error: undefined });
  expect(await new ResumeRecords().read(infoHash)).toMatchObject({ isPaused: true });
});
