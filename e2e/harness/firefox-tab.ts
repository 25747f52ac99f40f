import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BrowserContext, Page } from 'puppeteer-core';
import { hashFile } from './files.ts';
import { asPlaywrightPage } from './puppeteer-page.ts';
import { Tab, WAIT_MS } from './tab.ts';

/** How often the folder of saved files is looked at. [ms] */
const LOOK_MS = 100;

/** One tab of Firefox. */
export class FirefoxTab extends Tab {
  readonly #downloads: string;
  /** Whose storage it uses. */
  readonly container: BrowserContext;

  /** `downloads` is the folder that this Firefox saves to. */
  constructor(page: Page, downloads: string) {
    super(asPlaywrightPage(page));
    this.#downloads = downloads;
    this.container = page.browserContext();
  }

  /** Presses Save and returns what Firefox saved. */
  override async save(
    infoHash: string,
    timeoutMs = WAIT_MS,
  ): Promise<{ readonly name: string; readonly path: string; readonly sha256: string }> {
    const isEmpty = await this.page.evaluate(
      (hash) => window.skein.downloads.find((each) => each.infoHash === hash)?.progress.totalBytes === 0,
      infoHash,
    );
    const before = new Set(readdirSync(this.#downloads));
    await this.downloadRow(infoHash).getByTestId('save-button').click();
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const names = readdirSync(this.#downloads).filter((each) => !before.has(each));
      const name = names.find((each) => !each.endsWith('.part'));
      const path = join(this.#downloads, name ?? '');
      // Until all of it is there, Firefox writes to a `.part` beside an empty file of the name.
      if (name !== undefined && names.length === 1 && (isEmpty || statSync(path).size > 0)) {
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
