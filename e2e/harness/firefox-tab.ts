import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'puppeteer-core';
import { hashFile } from './files.ts';
import { asPlaywrightPage } from './puppeteer-page.ts';
import { Tab, WAIT_MS } from './tab.ts';

/** How often the folder of saved files is looked at. [ms] */
const LOOK_MS = 100;

/** What Firefox tells like an uncaught error, though no page can catch it. */
const NOT_THE_PAGE = [
  // The server is out of reach.
  /can’t establish a connection to the server/,
  /The connection to \S+ was interrupted/,
  // A player, or who else asked, let go of an answer of the service worker.
  /Failed to load ‘’\. A ServiceWorker intercepted the request/,
];

/** One tab of Firefox. */
export class FirefoxTab extends Tab {
  readonly #downloads: string;

  /** `downloads` is the folder that this Firefox saves to. */
  constructor(page: Page, downloads: string) {
    super(asPlaywrightPage(page));
    this.#downloads = downloads;
  }

  override get uncaught(): string[] {
    return super.uncaught.filter((line) => !NOT_THE_PAGE.some((words) => words.test(line)));
  }

  /** Presses Save and returns what Firefox saved, which must not be empty. */
  override async save(
    infoHash: string,
    timeoutMs = WAIT_MS,
  ): Promise<{ readonly name: string; readonly path: string; readonly sha256: string }> {
    const before = new Set(readdirSync(this.#downloads));
    await this.downloadRow(infoHash).getByTestId('save-button').click();
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const names = readdirSync(this.#downloads).filter((each) => !before.has(each));
      const name = names.find((each) => !each.endsWith('.part'));
      const path = join(this.#downloads, name ?? '');
      // Until all of it is there, Firefox writes to a `.part` beside an empty file of the name.
      if (name !== undefined && names.length === 1 && statSync(path).size > 0) {
        return { name, path, sha256: await hashFile(path) };
      }
      if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for the file to be saved`);
      await sleep(LOOK_MS);
    }
  }

  /** The tabs of a Firefox share processes here: see `Firefox.kill`. */
  override crash(): Promise<void> {
    return Promise.reject(new Error('kill the Firefox instead'));
  }
}
