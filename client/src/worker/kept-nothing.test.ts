import { afterEach, expect, test, vi } from 'vitest';
import { FakeFileHandle } from './test/fake-browser.ts';
import { WorkerTab } from './test/tab.ts';
import { tabsOfTests, until } from './test/tabs.ts';

vi.mock('idb-keyval', () => import('./test/fake-keyval.ts'));

const FILE = new File([new Uint8Array(200_000).fill(7)], 'mine.bin', { lastModified: 1 });

const tabs = tabsOfTests();
afterEach(() => void vi.restoreAllMocks());

test('a private window without a file system says that nothing is kept, and shares all the same', async () => {
  vi.spyOn(navigator.storage, 'getDirectory').mockRejectedValue(new DOMException('not in private', 'SecurityError'));
  const tab = tabs.open();
  await until(() => tab.kinds().includes('nothingKept'));
  await tabs.share(tab, FILE);
  expect(tab.progress().at(-1)).toMatchObject({ state: 'seeding', isKept: false });
});

test('a browser with folders and without files says so, too', async () => {
  const missing = new DOMException('not supported', 'NotSupportedError');
  vi.spyOn(FakeFileHandle.prototype, 'createSyncAccessHandle').mockRejectedValue(missing);
  const tab = tabs.open();
  await until(() => tab.kinds().includes('nothingKept'));
});

test('a disk that is full keeps what it has', async () => {
  const full = new DOMException('no room', 'QuotaExceededError');
  vi.spyOn(FakeFileHandle.prototype, 'createSyncAccessHandle').mockRejectedValue(full);
  const tab = tabs.open();
  await tabs.share(tab, FILE);
  expect(tab.kinds()).not.toContain('nothingKept');
  expect(tabs.browser.stored()).toEqual([]);
});

test('who wants nothing kept is not told of it', async () => {
  const tab = new WorkerTab(undefined, 'memory');
  await tabs.share(tab, FILE);
  expect(tab.kinds()).not.toContain('nothingKept');
  await tab.table.close();
});
