import { gzipSync } from 'node:zlib';
import type { Tab } from '../harness/tab.ts';
import type { World } from '../harness/world.ts';

declare global {
  interface Window {
    /** When the page was first seen joined with three links, since it was opened. [ms] */
    joinedAtMs: number | undefined;
    /** When the first byte of a download was first seen, since the page was opened. [ms] */
    firstByteAtMs: number | undefined;
  }
}

/** How exact the times below are. [ms] The page is looked at this often. */
const LOOK_MS = 5;

/** Runs in each page before its own scripts: notes when something first was so. */
function noteTimes(lookMs: number): void {
  const timer = setInterval(() => {
    const node = window.skein;
    if (!node) return;
    if (window.joinedAtMs === undefined && node.status.joined && node.status.links >= 3) {
      window.joinedAtMs = performance.now();
    }
    if (node.downloads.some((download) => download.firstByteMs !== undefined))
      window.firstByteAtMs ??= performance.now();
    if (window.joinedAtMs !== undefined && window.firstByteAtMs !== undefined) clearInterval(timer);
  }, lookMs);
}

/** Opens a tab in a profile of its own that notes its times. */
export async function openTimedTab(world: World, hash?: string): Promise<Tab> {
  const context = await world.newProfile();
  await context.addInitScript(noteTimes, LOOK_MS);
  return world.openTab({ context, waitForStart: false, ...(hash !== undefined && { hash }) });
}

export async function joinedAfter(tab: Tab): Promise<number> {
  await tab.until('three links', () => window.joinedAtMs !== undefined, undefined, { timeoutMs: 60_000 });
  return tab.page.evaluate(() => window.joinedAtMs ?? Number.NaN);
}

export async function firstByteAfter(tab: Tab): Promise<number> {
  await tab.until('a first byte', () => window.firstByteAtMs !== undefined, undefined, { timeoutMs: 60_000 });
  return tab.page.evaluate(() => window.firstByteAtMs ?? Number.NaN);
}

/** From `call` to the first decoded frame of the other's camera, at the caller. The callee answers at once. [ms] */
export async function callToFrame(caller: Tab, callee: Tab): Promise<number> {
  await callee.page.evaluate(() => {
    const stop = window.skein.on('incomingcall', (call) => {
      stop();
      void call.answer({ audio: true, video: true });
    });
  });
  const took = await caller.page.evaluate(
    async (id) => {
      const startedAt = performance.now();
      const call = await window.skein.call(id, { audio: true, video: true });
      const video = document.createElement('video');
      video.muted = true;
      document.body.append(video);
      await new Promise<void>((resolve) => {
        const show = (): void => {
          if (!call.remoteStream || video.srcObject === call.remoteStream) return;
          video.srcObject = call.remoteStream;
          video.requestVideoFrameCallback(() => resolve());
          void video.play();
        };
        call.on('stream', show);
        show();
      });
      const ms = performance.now() - startedAt;
      video.remove();
      call.hangUp();
      return ms;
    },
    await callee.id(),
  );
  await callee.until(
    'the call to be over',
    () => window.skein.calls.every((call) => call.state === 'ended'),
    undefined,
  );
  return took;
}

/** From the end of a tab, by `end`, until no other tab has a contact or link of it. [ms] */
export async function goneAfter(victim: Tab, others: readonly Tab[], end: () => Promise<void>): Promise<number> {
  const id = await victim.id();
  await end();
  const endedAt = performance.now();
  await Promise.all(others.map((tab) => tab.forgot(id, 60_000)));
  return performance.now() - endedAt;
}

/** Bytes that the page asks for until its node has started, and until nothing more comes; each file gzipped. [bytes] */
export async function firstLoadBytes(world: World): Promise<{ readonly untilStarted: number; readonly inAll: number }> {
  const context = await world.newProfile();
  const page = await context.newPage();
  const bodies: Promise<Buffer>[] = [];
  page.on('response', (response) => bodies.push(response.body().catch(() => Buffer.alloc(0))));
  await page.goto(world.server.url, { waitUntil: 'commit' });
  await page.waitForFunction(() => document.documentElement.dataset['skein'] === 'joined');
  const early = bodies.length;
  await page.waitForLoadState('networkidle');
  const sizes = (await Promise.all(bodies)).map((body) => gzipSync(body, { level: 9 }).length);
  await context.close();
  const sum = (part: readonly number[]): number => part.reduce((total, size) => total + size, 0);
  return { untilStarted: sum(sizes.slice(0, early)), inAll: sum(sizes) };
}
