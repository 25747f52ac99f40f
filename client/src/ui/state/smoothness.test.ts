import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isSlow, watchSmoothness } from './smoothness.ts';

/** A page as far as frames go. */
class Page extends EventTarget {
  hidden = false;
  now = 0;
  #waiting: FrameRequestCallback[] = [];

  request = (callback: FrameRequestCallback): number => this.#waiting.push(callback);

  /** Draws frames every `gapMs` until nobody waits for one, or as many. */
  draw(gapMs: number, frames = 100): void {
    for (let i = 0; i < frames && this.#waiting.length > 0; i++) {
      this.now += gapMs;
      for (const callback of this.#waiting.splice(0)) callback(this.now);
    }
  }

  hide(hidden: boolean): void {
    this.hidden = hidden;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

let page: Page;

beforeEach(() => {
  page = new Page();
  vi.useFakeTimers();
  vi.stubGlobal('document', page);
  vi.stubGlobal('requestAnimationFrame', page.request);
});

afterEach(() => {
  vi.runAllTimers();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('a page whose frames come slowly rests for a while, one whose frames come quickly does not', () => {
  watchSmoothness();
  page.draw(16);
  expect(isSlow.value).toBe(false);
  watchSmoothness();
  page.draw(200);
  expect(isSlow.value).toBe(true);
  vi.runAllTimers();
  expect(isSlow.value).toBe(false);
});

test('frames that did not come because the page was hidden do not count', () => {
  watchSmoothness();
  page.draw(16, 3);
  page.hide(true);
  page.hide(false);
  page.draw(60_000);
  expect(isSlow.value).toBe(false);
});

test('however often something moves, the page is listened to once', () => {
  for (let i = 0; i < 50; i++) {
    watchSmoothness();
    page.draw(16);
  }
  expect(getEventListeners(page, 'visibilitychange').length).toBeLessThanOrEqual(1);
});
