import type { CDPSession, Page } from 'puppeteer-core';
import { asPlaywrightPage } from './puppeteer-page.ts';
import { Tab } from './tab.ts';

/** One tab of a person's window. */
export class DesktopTab extends Tab {
  readonly #page: Page;
  readonly #front: Page;
  #session: Promise<CDPSession> | undefined;

  /** `front` is the page that hides this one. */
  constructor(page: Page, front: Page) {
    super(asPlaywrightPage(page));
    this.#page = page;
    this.#front = front;
  }

  /** Brings the tab to the front, as a click on it does. */
  async show(): Promise<void> {
    await this.#page.bringToFront();
    await this.until('the page to be visible', () => document.visibilityState === 'visible', undefined);
  }

  /** Brings another tab to the front. */
  async hide(): Promise<void> {
    await this.#front.bringToFront();
    await this.until('the page to be hidden', () => document.visibilityState === 'hidden', undefined);
  }

  isHidden(): Promise<boolean> {
    return this.page.evaluate(() => document.visibilityState === 'hidden');
  }

  /** Has the browser freeze the page, as it does with those that nobody looked at for long, or run again. */
  async setFrozen(isFrozen: boolean): Promise<void> {
    this.#session ??= this.#page.createCDPSession();
    await (await this.#session).send('Page.setWebLifecycleState', { state: isFrozen ? 'frozen' : 'active' });
  }

  /** Follows a link away from the page. */
  async follow(url: string): Promise<void> {
    await this.#page.goto(url);
  }

  /** Presses the Back button. */
  async back(): Promise<void> {
    await this.#page.goBack();
  }
}
