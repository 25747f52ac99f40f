import type { BrowserContext } from 'playwright-core';
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

/** Has every page that a profile opens or loads again note its times. */
export async function noteTimesOf(context: BrowserContext): Promise<void> {
  await context.addInitScript(noteTimes, LOOK_MS);
}

/** Opens a tab in a profile of its own that notes its times. */
export async function openTimedTab(world: World, hash?: string): Promise<Tab> {
  const context = await world.newProfile();
  await noteTimesOf(context);
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

/** Bytes of the first load as they cross the wire. [bytes] */
export interface FirstLoad {
  /** What the page needs before it runs: the document, its style sheets and the scripts it names and they import. */
  readonly toRun: number;
  /** That and all that is fetched behind it without being asked: the worker, and parts fetched ahead of their use. */
  readonly inAll: number;
}

export async function firstLoad(world: World): Promise<FirstLoad> {
  const tab = await world.openTab();
  await tab.page.waitForLoadState('networkidle');
  const load = await tab.page.evaluate(() => {
    const [page] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
    const resources = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
    const early = resources.filter((each) => each.responseEnd <= (page?.domContentLoadedEventStart ?? 0));
    const sum = (parts: readonly PerformanceResourceTiming[]): number =>
      parts.reduce((total, each) => total + each.encodedBodySize, page?.encodedBodySize ?? 0);
    return { toRun: sum(early), inAll: sum(resources) };
  });
  await tab.close();
  return load;
}
