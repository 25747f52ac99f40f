import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { KeptShareRecords } from './storage/kept-shares.ts';
import { type FakeBrowser, FakeFileHandle, fakeBrowser } from './test/fake-browser.ts';
import { clearAll } from './test/fake-keyval.ts';
import { WorkerTab, leaveDownload } from './test/tab.ts';

vi.mock('idb-keyval', () => import('./test/fake-keyval.ts'));

const FILE = new File([new Uint8Array(200_000).fill(7)], 'mine.bin', { lastModified: 1 });
const HOW = { isPrivate: false, isSuperSeeding: false };

let browser: FakeBrowser;
/** BOUNDED: by the test. */
let tabs: WorkerTab[];

beforeEach(() => {
  const made = fakeBrowser();
  for (const [name, value] of made.globals) vi.stubGlobal(name, value);
  browser = made.browser;
  tabs = [];
  clearAll();
});

afterEach(async () => {
  for (const tab of tabs) await tab.table.close();
  vi.unstubAllGlobals();
});

function openTab(): WorkerTab {
  const tab = new WorkerTab();
  tabs.push(tab);
  return tab;
}

async function shareMine(tab: WorkerTab): Promise<void> {
  const handle = new FakeFileHandle(browser, FILE) as unknown as FileSystemFileHandle;
  await tab.table.share(FILE.name, [{ path: FILE.name, file: FILE, handle }], HOW);
}

test('sharing what is downloaded already leaves the one copy that the person has, and comes back as a share', async () => {
  const infoHash = await leaveDownload(FILE);
  const tab = openTab();
  await vi.waitUntil(() => tab.progress().some(({ state }) => state === 'seeding'));
  expect(browser.stored()).toEqual([infoHash]);
  await shareMine(tab);
  expect(browser.stored()).toEqual([]);
  expect(tab.progress().at(-1)).toMatchObject({ state: 'seeding', doneBytes: FILE.size });
  await tab.table.close();
  const next = openTab();
  await vi.waitUntil(() => next.kinds().includes('progress'));
  expect(new Set(next.kinds())).toEqual(new Set(['sharedBefore', 'progress']));
});

test('a share that is forgotten does not come back, and runs on for the download of the same', async () => {
  const infoHash = await leaveDownload(FILE);
  const tab = openTab();
  await vi.waitUntil(() => tab.progress().some(({ state }) => state === 'seeding'));
  await shareMine(tab);
  await tab.table.forgetShare(infoHash);
  expect(await (await tab.table.file(infoHash, 0)).arrayBuffer()).toEqual(await FILE.arrayBuffer());
  await tab.table.close();
  expect(await new KeptShareRecords().all()).toEqual([]);
});
