import { setTimeout as sleep } from 'node:timers/promises';
import type { Page as PlaywrightPage } from 'playwright-core';
import type { ElementHandle, JSHandle, Page } from 'puppeteer-core';

/** How long an element may take to come when nobody says. [ms] */
const ELEMENT_TIMEOUT_MS = 20_000;

/** How often an element is looked for. [ms] */
const LOOK_MS = 50;

type ElementState = 'attached' | 'detached' | 'visible' | 'hidden';

interface TextOptions {
  /** The words are all of the text, not a part of it. */
  readonly exact?: boolean;
}

/** Words that an element inside of others shows. */
class PuppeteerText {
  readonly #page: Page;
  readonly #query: { readonly css: string; readonly source: string; readonly flags: string };

  constructor(page: Page, css: string, words: string | RegExp, { exact = false }: TextOptions) {
    this.#page = page;
    const pattern = typeof words === 'string' ? literally(words, exact) : words;
    this.#query = { css, source: pattern.source, flags: pattern.flags };
  }

  async waitFor(options: { readonly timeout?: number } = {}): Promise<void> {
    const isThere = (): Promise<boolean> => this.#page.evaluate(isShown, this.#query);
    const { css, source } = this.#query;
    await pollFromOutside(isThere, `/${source}/ in ${css}`, options.timeout ?? ELEMENT_TIMEOUT_MS, LOOK_MS);
  }
}

/** One element of the page, found anew for each use, with those methods of Playwright's locators that tests use. */
class PuppeteerLocator {
  readonly #page: Page;
  readonly #selector: string;

  constructor(page: Page, selector: string) {
    this.#page = page;
    this.#selector = selector;
  }

  locator(selector: string): PuppeteerLocator {
    return new PuppeteerLocator(this.#page, `${this.#selector} ${selector}`);
  }

  getByTestId(testId: string): PuppeteerLocator {
    return this.locator(byTestId(testId));
  }

  getByText(words: string | RegExp, options: TextOptions = {}): PuppeteerText {
    return new PuppeteerText(this.#page, this.#selector, words, options);
  }

  /** Only to wait for. */
  filter({ hasText }: { readonly hasText: RegExp }): PuppeteerText {
    return this.getByText(hasText);
  }

  /** The first one is all that is ever looked at. */
  first(): this {
    return this;
  }

  async waitFor(options: { readonly state?: ElementState; readonly timeout?: number } = {}): Promise<void> {
    const { state = 'visible', timeout = ELEMENT_TIMEOUT_MS } = options;
    const isThere = (): Promise<boolean> => this.#page.evaluate(isInState, this.#selector, state);
    await pollFromOutside(isThere, `${this.#selector} to be ${state}`, timeout, LOOK_MS);
  }

  /** Again until it is hit, as Playwright does: rows that come and go move it from under the mouse. */
  async click(): Promise<void> {
    const deadline = performance.now() + ELEMENT_TIMEOUT_MS;
    while (!(await this.#clickOnce(deadline - performance.now()))) await sleep(LOOK_MS);
  }

  /** False: the click went beside it, and nothing else heard of it. */
  async #clickOnce(timeout: number): Promise<boolean> {
    if (timeout <= 0) throw new Error(`every click went beside ${this.#selector}`);
    const element = await this.#attached();
    const aim = await element.evaluateHandle(aimAt);
    await this.#page.locator(this.#selector).setTimeout(timeout).click();
    // Where the click has taken the page elsewhere, it hit.
    const isHit = await aim.evaluate((each) => each.end()).catch(() => true);
    await Promise.allSettled([aim.dispose(), element.dispose()]);
    return isHit;
  }

  async check(): Promise<void> {
    if (!(await this.evaluate((element) => (element as HTMLInputElement).checked))) await this.click();
  }

  fill(value: string): Promise<void> {
    return this.#page.locator(this.#selector).setTimeout(ELEMENT_TIMEOUT_MS).fill(value);
  }

  async focus(): Promise<void> {
    await this.waitFor();
    await this.#page.focus(this.#selector);
  }

  async setInputFiles(paths: readonly string[]): Promise<void> {
    const handle = (await this.#attached()) as ElementHandle<HTMLInputElement>;
    await handle.uploadFile(...paths);
    await handle.dispose();
  }

  textContent(): Promise<string | null> {
    return this.evaluate((element) => element.textContent);
  }

  inputValue(): Promise<string> {
    return this.evaluate((element) => (element as HTMLInputElement).value);
  }

  async getAttribute(name: string): Promise<string | null> {
    const handle = await this.#attached();
    const value = await handle.evaluate((element, attribute) => element.getAttribute(attribute), name);
    await handle.dispose();
    return value;
  }

  isVisible(): Promise<boolean> {
    return this.#page.evaluate((css) => Boolean(document.querySelector(css)?.checkVisibility()), this.#selector);
  }

  count(): Promise<number> {
    return this.#page.evaluate((css) => document.querySelectorAll(css).length, this.#selector);
  }

  async evaluate<T>(run: (element: Element) => T): Promise<Awaited<T>> {
    const handle = await this.#attached();
    const value = await handle.evaluate(run);
    await handle.dispose();
    return value as Awaited<T>;
  }

  async #attached(): Promise<ElementHandle> {
    const handle = await this.#page.waitForSelector(this.#selector, { timeout: ELEMENT_TIMEOUT_MS });
    if (!handle) throw new Error(`no ${this.#selector}`);
    return handle;
  }
}

/**
 * A page of puppeteer's with those methods of a Playwright page that the harness uses, so that its tab, calls and transfers
 * work in Firefox, and in tabs that nobody looks at, as they do under Playwright. Whoever uses another one is told by a
 * TypeError that it is missing here. It waits by asking from outside: timers of hidden pages are slow, their frames stop.
 */
class PuppeteerPage {
  readonly keyboard: Page['keyboard'];
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.keyboard = page.keyboard;
  }

  /** Playwright's own contexts are Chromium's. */
  context(): undefined {
    return undefined;
  }

  on(event: 'console' | 'pageerror', listener: (told: never) => void): void {
    this.#page.on(event, listener as (told: unknown) => void);
  }

  evaluate<A, R>(run: string | ((arg: A) => R), arg: A): Promise<unknown> {
    return typeof run === 'string' ? this.#page.evaluate(run) : this.#page.evaluate(run as (arg: unknown) => R, arg);
  }

  evaluateHandle<R>(run: () => R): Promise<JSHandle> {
    return this.#page.evaluateHandle(run);
  }

  async waitForFunction<A>(
    condition: (arg: A) => unknown,
    arg: A,
    options: { readonly polling: number; readonly timeout: number },
  ): Promise<JSHandle> {
    let handle: JSHandle | undefined;
    const isTrue = async (): Promise<boolean> => {
      handle = await this.#page.evaluateHandle(condition as (arg: unknown) => unknown, arg);
      return handle.evaluate((value) => Boolean(value));
    };
    await pollFromOutside(isTrue, 'a condition', options.timeout, options.polling);
    return handle as JSHandle;
  }

  locator(selector: string): PuppeteerLocator {
    return new PuppeteerLocator(this.#page, selector);
  }

  getByTestId(testId: string): PuppeteerLocator {
    return this.locator(byTestId(testId));
  }

  getByText(words: string | RegExp, options: TextOptions = {}): PuppeteerText {
    return this.locator('body').getByText(words, options);
  }

  async reload(): Promise<void> {
    await this.#page.reload();
  }

  async goto(url: string): Promise<void> {
    await this.#page.goto(url, { waitUntil: 'domcontentloaded' });
  }

  async screenshot(options: { readonly path: string; readonly fullPage?: boolean }): Promise<void> {
    await this.#page.screenshot({ path: options.path as `${string}.png`, fullPage: options.fullPage === true });
  }

  bringToFront(): Promise<void> {
    return this.#page.bringToFront();
  }

  isClosed(): boolean {
    return this.#page.isClosed();
  }

  /** Runs the page's own farewell, as closing a tab does. */
  close(): Promise<void> {
    return this.#page.close();
  }
}

function byTestId(testId: string): string {
  return `[data-testid="${testId}"]`;
}

/** A pattern of these words as they are; of a part of a text it does not matter how they are written. */
function literally(words: string, isWhole: boolean): RegExp {
  const escaped = words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return isWhole ? new RegExp(`^${escaped}$`) : new RegExp(escaped, 'i');
}

/** Runs in the page: until `end`, which says whether `element` was clicked, no other element hears of the mouse. */
function aimAt(element: Element): { end: () => boolean } {
  const types = ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click'];
  let isHit = false;
  const take = (event: Event): void => {
    const isInside = event.target instanceof Node && element.contains(event.target);
    if (isInside && event.type === 'click') isHit = true;
    // The click that a label passes on to its field is not the mouse's.
    if (isInside || isHit) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  for (const type of types) window.addEventListener(type, take, true);
  return {
    end: () => {
      for (const type of types) window.removeEventListener(type, take, true);
      return isHit;
    },
  };
}

/** Runs in the page. */
function isShown({ css, source, flags }: { css: string; source: string; flags: string }): boolean {
  const pattern = new RegExp(source, flags);
  const elements = document.querySelectorAll(`:is(${css}), :is(${css}) *`);
  return [...elements].some(
    (element) =>
      pattern.test(element.textContent.replace(/\s+/g, ' ').trim()) &&
      element.checkVisibility({ visibilityProperty: true }),
  );
}

/** Runs in the page. */
function isInState(css: string, state: ElementState): boolean {
  const element = document.querySelector(css);
  if (state === 'attached' || state === 'detached') return (element !== null) === (state === 'attached');
  const isVisible = element?.checkVisibility({ visibilityProperty: true }) ?? false;
  return isVisible === (state === 'visible');
}

/** Asks until the answer is yes; rejects after `timeoutMs`, with `what` was waited for. */
async function pollFromOutside(
  isSo: () => Promise<boolean>,
  what: string,
  timeoutMs: number,
  pauseMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await sleep(pauseMs);
  }
}

/** `page` as the harness knows pages. */
export function asPlaywrightPage(page: Page): PlaywrightPage {
  return new PuppeteerPage(page) as unknown as PlaywrightPage;
}
