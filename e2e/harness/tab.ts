import { setTimeout as sleep } from 'node:timers/promises';
import type { BrowserContext, Download as SavedDownload, JSHandle, Locator, Page } from 'playwright-core';
import { hashFile } from './files.ts';
import './globals.ts';

/** How long a state may take to come before a test calls it missing. [ms] */
export const WAIT_MS = 20_000;

/** How often a condition inside a page is looked at. [ms] */
const POLL_MS = 50;

/** What Firefox tells like an uncaught error, though no page can catch it. */
const NOT_THE_PAGE = [
  // The server is out of reach.
  /can’t establish a connection to the server/,
  /The connection to \S+ was interrupted/,
  // A player, or who else asked, let go of an answer of the service worker.
  /Failed to load ‘’\. A ServiceWorker intercepted the request/,
];

/**
 * Waits until an element of `place` shows these words. What the page hears it draws at its own pace, up to a second later,
 * and what a test knows by the public door it may know before.
 */
export async function says(place: Page | Locator, testId: string, words: RegExp): Promise<void> {
  await place.getByTestId(testId).filter({ hasText: words }).waitFor();
}

/** One tab: a page, and what it printed. */
export class Tab {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly console: string[] = [];
  #isCrashed = false;

  constructor(page: Page) {
    this.page = page;
    this.context = page.context();
    page.on('console', (message) => this.console.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => this.console.push(`uncaught: ${error.message}`));
  }

  get isCrashed(): boolean {
    return this.#isCrashed;
  }

  /** What the page let slip as uncaught, or printed as an error of its own. */
  get uncaught(): string[] {
    return this.console.filter(
      (line) => line.startsWith('uncaught: ') && !NOT_THE_PAGE.some((words) => words.test(line)),
    );
  }

  /** What a developer would see in red: `uncaught`, and errors that were printed. */
  get complaints(): string[] {
    return [...this.uncaught, ...this.console.filter((line) => line.startsWith('error: '))];
  }

  locate(testId: string): Locator {
    return this.page.getByTestId(testId);
  }

  /** Waits until `condition`, or what its promise gives, is true inside the page; the error says `what` was waited for. */
  async until<A>(
    what: string,
    condition: (arg: A) => unknown,
    arg: A | JSHandle<A>,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<void> {
    const timeout = options.timeoutMs ?? WAIT_MS;
    const deadline = performance.now() + timeout;
    try {
      // Any promise ends Playwright's own waiting, also one that gives false: then it begins anew.
      while (!(await this.#once(condition, arg, deadline - performance.now()))) await sleep(POLL_MS);
    } catch (error) {
      throw new Error(`waited ${timeout} ms for: ${what}`, { cause: error });
    }
  }

  /** Waits until the condition is true or a promise, and gives what that promise gives. */
  async #once<A>(condition: (arg: A) => unknown, arg: A | JSHandle<A>, timeout: number): Promise<boolean> {
    if (timeout <= 0) throw new Error('Its promise gave false to the end.');
    // The page's own types do not reach into a function that is sent over as text.
    const handle = await this.page.waitForFunction(condition as (arg: unknown) => unknown, arg, {
      polling: POLL_MS,
      timeout,
    });
    const isTrue = await handle.evaluate((value) => Boolean(value));
    await handle.dispose();
    return isTrue;
  }

  /** Waits until the node is there, whether it has links or not. */
  async started(): Promise<void> {
    await this.until('the node to start', () => document.documentElement.dataset['skein'] === 'joined', undefined);
  }

  /** Waits until the page shows all its parts: what it lacks when its server goes, it does not get before that is back. */
  async whole(): Promise<void> {
    await this.locate('drop-zone').waitFor();
  }

  /** Waits until the node has at least `links` links and says that it joined. */
  async joined(links = 1, timeoutMs = WAIT_MS): Promise<void> {
    await this.until(
      `to be joined with ${links} links`,
      (wanted) => window.skein?.status.joined && window.skein.status.links >= wanted,
      links,
      { timeoutMs },
    );
  }

  async serverState(state: 'connected' | 'connecting' | 'lost', timeoutMs = WAIT_MS): Promise<void> {
    await this.until(`the server to be ${state}`, (wanted) => window.skein?.status.server === wanted, state, {
      timeoutMs,
    });
  }

  id(): Promise<string> {
    return this.page.evaluate(() => window.skein.id);
  }

  linkedIds(): Promise<string[]> {
    return this.page.evaluate(() => window.skein.links().map((link) => link.id));
  }

  /** Waits until there is a link to `id`. */
  async linkedTo(id: string, timeoutMs = WAIT_MS): Promise<void> {
    await this.until(`a link to ${id}`, (peer) => window.skein.links().some((link) => link.id === peer), id, {
      timeoutMs,
    });
  }

  /** Waits until neither a link nor a contact of `id` is left. */
  async forgot(id: string, timeoutMs: number): Promise<void> {
    await this.until(
      `${id} to be gone from the table`,
      (peer) =>
        !window.skein.links().some((link) => link.id === peer) &&
        !window.skein.contacts().some((contact) => contact.id === peer),
      id,
      { timeoutMs },
    );
  }

  /** Shares files by the page's own input; resolves to the info-hash once the row stands. */
  async share(paths: readonly string[], timeoutMs = WAIT_MS): Promise<string> {
    const before = await this.page.evaluate(() => window.skein.shares.map((share) => share.infoHash));
    await this.locate('file-input').setInputFiles([...paths]);
    await this.until(
      'the share to be announced',
      (known) => window.skein.shares.some((share) => !known.includes(share.infoHash)),
      before,
      { timeoutMs },
    );
    const infoHash = await this.page.evaluate(
      (known) => window.skein.shares.find((share) => !known.includes(share.infoHash))?.infoHash ?? '',
      before,
    );
    await this.shareRow(infoHash).waitFor({ timeout: WAIT_MS });
    return infoHash;
  }

  shareRow(infoHash: string): Locator {
    return this.page.locator(`[data-testid="share-row"][data-info-hash="${infoHash}"]`);
  }

  downloadRow(infoHash: string): Locator {
    return this.page.locator(`[data-testid="download-row"][data-info-hash="${infoHash}"]`);
  }

  /** The link that the row of a share hands out. */
  shareLink(infoHash: string): Promise<string> {
    return this.shareRow(infoHash).getByTestId('share-link').inputValue();
  }

  /** Opens a link as a person does: pasted into the page's own field. */
  async openLink(link: string): Promise<void> {
    await this.locate('link-input').fill(link);
    await this.locate('link-open').click();
  }

  /** Waits until the row of a download says that it is done. */
  async downloaded(infoHash: string, timeoutMs = 60_000): Promise<void> {
    await this.until(
      `download ${infoHash.slice(0, 8)} to be done`,
      (hash) =>
        document.querySelector(`[data-testid="download-row"][data-info-hash="${hash}"]`)?.getAttribute('data-state') ===
        'done',
      infoHash,
      { timeoutMs },
    );
  }

  /** Presses Save and returns what the browser saved. */
  async save(
    infoHash: string,
    timeoutMs = WAIT_MS,
  ): Promise<{ readonly name: string; readonly path: string; readonly sha256: string }> {
    const saving = this.page.waitForEvent('download', { timeout: timeoutMs });
    await this.downloadRow(infoHash).getByTestId('save-button').click();
    const saved: SavedDownload = await saving;
    const path = await saved.path();
    return { name: saved.suggestedFilename(), path, sha256: await hashFile(path) };
  }

  /** SHA-256 of one file of a download, as the library hands it out. */
  hashInPage(infoHash: string, path: string): Promise<string> {
    return this.page.evaluate(
      async ({ hash, name }) => {
        const download = window.skein.downloads.find((each) => each.infoHash === hash);
        const file = download?.files().find((each) => each.path === name);
        if (!file) throw new Error(`no file ${name}`);
        const digest = await crypto.subtle.digest('SHA-256', await (await file.blob()).arrayBuffer());
        return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      },
      { hash: infoHash, name: path },
    );
  }

  /** Kills the tab's process: no BYE, no closing of connections, as when a battery dies. */
  async crash(): Promise<void> {
    const session = await this.context.newCDPSession(this.page);
    const crashed = new Promise<void>((resolve) => this.page.once('crash', () => resolve()));
    // Never answered: the process that would answer is the one that dies.
    session.send('Page.crash').catch(() => undefined);
    await crashed;
    this.#isCrashed = true;
  }

  /** Closes the tab as a person does. */
  async close(): Promise<void> {
    await this.page.close();
  }
}
