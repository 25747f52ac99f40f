import { expect } from 'vitest';
import { scenario } from '../harness/scenario.ts';

/** Between two frames of the device. [ms] Slower than what makes a movement. */
const FRAME_MS = 100;

/** Between two drawings, with some room for a busy machine. [ms] A slow page takes two seconds. */
const LEAST_GAP_MS = 1_500;

scenario(
  'a page that is not drawn smoothly is drawn seldom, and at once when the person does something',
  async (world) => {
    const context = await world.newProfile();
    await context.addInitScript((frameMs) => {
      window.requestAnimationFrame = (draw) => window.setTimeout(() => draw(performance.now()), frameMs);
    }, FRAME_MS);
    const tab = await world.openTab({ context });
    await tab.whole();
    await world.openTab();
    await tab.joined(1);
    // What marks a new peer moves until the page finds that it does not do so smoothly.
    await tab.until(
      'the ring to stand still',
      () => document.querySelector('.dot:not(.self)') !== null && document.querySelector('.pulse') === null,
      undefined,
    );
    const gaps = await tab.page.evaluate(async () => {
      const drawnAt: number[] = [];
      const ring = document.querySelector('[data-testid="ring"]') as Element;
      const enough = new Promise<void>((resolve) => {
        new MutationObserver(() => {
          if (drawnAt.push(performance.now()) === 4) resolve();
        }).observe(ring, { subtree: true, childList: true });
      });
      let asked = 0;
      const timer = setInterval(
        () => void window.skein.get(`nobody keeps this ${asked++}`).catch(() => undefined),
        100,
      );
      await enough;
      clearInterval(timer);
      return drawnAt.slice(1).map((at, index) => at - (drawnAt[index] ?? 0));
    });
    expect(Math.min(...gaps)).toBeGreaterThan(LEAST_GAP_MS);
    const isOpen = await tab.locate('limits-button').evaluate(async (button: HTMLButtonElement) => {
      // Something waits to be drawn, which comes first.
      window.skein.get('nobody keeps this either').catch(() => undefined);
      button.click();
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
      return document.querySelector('[data-testid="limits-dialog"]') !== null;
    });
    expect(isOpen).toBe(true);
  },
);
