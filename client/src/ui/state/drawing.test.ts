import { options } from 'preact';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { paceDrawing } from './drawing.ts';
import { isSlow } from './smoothness.ts';

const page = new EventTarget();
const flush = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  vi.setSystemTime(0);
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  paceDrawing();
});

afterEach(() => {
  isSlow.value = false;
  delete options.debounceRendering;
  flush.mockReset();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** Something on the page changed. */
async function change(): Promise<void> {
  options.debounceRendering?.(flush);
  await Promise.resolve();
}

test('a page that is drawn smoothly draws each change before anything else happens', async () => {
  await change();
  await change();
  expect(flush).toHaveBeenCalledTimes(2);
});

test('a page that is not draws changes that follow one another together, and none is lost', async () => {
  isSlow.value = true;
  await change();
  await change();
  expect(flush).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(2_000);
  expect(flush).toHaveBeenCalledTimes(2);
});

test('what waits to be drawn is drawn as soon as the person does something, and so is what comes of that', async () => {
  isSlow.value = true;
  await change();
  await change();
  page.dispatchEvent(new Event('keydown'));
  expect(flush).toHaveBeenCalledTimes(2);
  await change();
  expect(flush).toHaveBeenCalledTimes(3);
  vi.runAllTimers();
  expect(flush).toHaveBeenCalledTimes(3);
});
