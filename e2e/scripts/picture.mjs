/**
 * Takes the picture of the running page that README.md shows: six tabs, a share on its way. Run `npm run build` first,
 * then `node e2e/scripts/picture.mjs`; it writes e2e/pictures/page.png.
 */
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { createServer } from '../../dist/signaling-server/src/server.js';
import { findChromium } from './chromium.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const TABS = 6;

/** How long the share may take to get so far. [ms] */
const PATIENCE_MS = 120_000;

const server = createServer({ port: 0, host: '127.0.0.1', page: `${root}dist/page` });
await server.listen();
const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox', '--disable-gpu'] });
try {
  const tabs = [];
  for (let i = 0; i < TABS; i++) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    await page.goto(server.url);
    await page.waitForFunction((links) => globalThis.skein?.links().length >= links, Math.min(i, 3));
    tabs.push(page);
  }
  const [first, second, ...others] = tabs;
  const magnet = await first.evaluate(async () => {
    const film = new File([new Uint8Array(300e6)], 'Summer by the lake.mp4');
    await globalThis.skein.share([new File(['…'], 'packing list.txt'), new File([new Uint8Array(84_000)], 'map.png')], {
      name: 'Trip plans',
    });
    return (await globalThis.skein.share([film])).magnet;
  });
  for (const page of [second, others[0]]) await page.evaluate((link) => void globalThis.skein.download(link), magnet);
  await second.waitForFunction(
    () => {
      const { progress } = globalThis.skein.downloads[0];
      return globalThis.skein.links().length === 5 && progress.doneBytes > 0.2 * progress.totalBytes;
    },
    undefined,
    { timeout: PATIENCE_MS },
  );
  await second.screenshot({ path: `${root}e2e/pictures/page.png` });
  console.log('wrote e2e/pictures/page.png');
} finally {
  await browser.close();
  await server.close();
}
