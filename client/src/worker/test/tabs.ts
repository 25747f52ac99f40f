import { afterEach, beforeEach, vi } from 'vitest';
import { type FakeBrowser, FakeFileHandle, fakeBrowser } from './fake-browser.ts';
import { clearAll } from './fake-keyval.ts';
import { WorkerTab } from './tab.ts';

/** The tabs of one browser, which has stored nothing when a test begins. */
export interface Tabs {
  readonly browser: FakeBrowser;
  open(...as: ConstructorParameters<typeof WorkerTab>): WorkerTab;
  /** The person shares a file, of which the browser keeps a handle. */
  share(tab: WorkerTab, file: File): Promise<void>;
}

/** Gives each test of a file a browser of its own, and closes the tabs that it opened. Called once, beside the tests. */
export function tabsOfTests(): Tabs {
  let browser: FakeBrowser | undefined;
  /** BOUNDED: by the test. */
  let opened: WorkerTab[] = [];
  beforeEach(() => {
    const made = fakeBrowser();
    for (const [name, value] of made.globals) vi.stubGlobal(name, value);
    browser = made.browser;
    opened = [];
    clearAll();
  });
  afterEach(async () => {
    for (const tab of opened) await tab.table.close();
    vi.unstubAllGlobals();
  });
  return {
    get browser(): FakeBrowser {
      if (!browser) throw new Error('there is a browser within a test');
      return browser;
    },
    open(...as): WorkerTab {
      const tab = new WorkerTab(...as);
      opened.push(tab);
      return tab;
    },
    async share(tab, file): Promise<void> {
      const handle = new FakeFileHandle(this.browser, file) as unknown as FileSystemFileHandle;
      await tab.table.share(file.name, [{ path: file.name, file, handle }], {
        isPrivate: false,
        isSuperSeeding: false,
      });
    },
  };
}

/** Reports come four times a second at most, and a busy machine takes its time. */
export async function until(isSo: () => boolean): Promise<void> {
  await vi.waitUntil(isSo, { timeout: 20_000 });
}
