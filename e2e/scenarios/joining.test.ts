import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import type { JoinOptions, Node } from '../../client/src/index.ts';
import { Embedder } from '../harness/embedder.ts';
import { scenario } from '../harness/scenario.ts';
import type { World } from '../harness/world.ts';

declare global {
  interface Window {
    /** The library, as a page without a bundler has it. */
    library: typeof import('../../client/src/index.ts');
    /** Nodes of this page, in the order in which they joined. */
    nodes: Node[];
  }
}

let embedder: Embedder;
let app: string;
beforeAll(async () => {
  embedder = await Embedder.open();
  app = await embedder.unbundled();
});
afterAll(() => embedder.close());

/** A page of an application's own, with the library and no node yet. */
async function openEmpty(context: BrowserContext, url = app): Promise<Page> {
  const page = await context.newPage();
  await page.goto(new URL('empty.html', url).href);
  await page.waitForFunction(() => window.library);
  await page.evaluate(() => void (window.nodes = []));
  return page;
}

/** Has a page join once more; resolves to the id. */
function joinIn(page: Page, options: JoinOptions): Promise<string> {
  return page.evaluate(async (given) => {
    const node = await window.library.join(given);
    window.nodes.push(node);
    return node.id;
  }, options);
}

/** Has the first node of a page leave. */
async function leaveIn(page: Page): Promise<void> {
  await page.evaluate(() => window.nodes.shift()?.leave());
}

/** Has a page join with options that may be wrong; resolves to what came of it. */
function outcomeOf(page: Page, options: object): Promise<string> {
  return page.evaluate(async (given) => {
    try {
      await (await window.library.join(given)).leave();
      return 'joined';
    } catch (error) {
      const { code, message } = error as { readonly code: string; readonly message: string };
      return `${code}: ${message}`;
    }
  }, options as JoinOptions);
}

const here = (world: World): JoinOptions => ({ signaling: world.server.url });

scenario(
  'a page that leaves and joins again, time after time, is the same peer, and leaves no worker behind',
  async (world) => {
    const page = await openEmpty(await world.newProfile());
    const ids = new Set<string>();
    for (let turn = 0; turn < 10; turn++) {
      ids.add(await joinIn(page, here(world)));
      await leaveIn(page);
      await expect.poll(() => page.workers().length).toBe(0);
    }
    expect(ids.size).toBe(1);
  },
);

scenario(
  'a second node of one page is a peer of its own, and the first has its identity back after a reload',
  async (world) => {
    const context = await world.newProfile();
    const page = await openEmpty(context);
    const first = await joinIn(page, here(world));
    const second = await joinIn(page, here(world));
    expect(second).not.toBe(first);
    await page.waitForFunction(() => window.nodes.every((node) => node.links().length === 1));
    await page.close();
    const next = await openEmpty(context);
    expect(await joinIn(next, here(world))).toBe(first);
  },
);

scenario('a join that is aborted on its way leaves the identity to the next one', async (world) => {
  const page = await openEmpty(await world.newProfile());
  const first = await joinIn(page, here(world));
  await leaveIn(page);
  const abortAfter = (ms: number): Promise<string> =>
    page.evaluate(
      async ({ options, delay }) => {
        try {
          const node = await window.library.join({ ...options, signal: AbortSignal.timeout(delay) });
          await node.leave();
          return 'joined';
        } catch (error) {
          return (error as { readonly code: string }).code;
        }
      },
      { options: here(world), delay: ms },
    );
  for (const ms of [0, 1, 2, 5, 10, 20, 50]) {
    expect(['aborted', 'joined']).toContain(await abortAfter(ms));
    expect(await joinIn(page, here(world))).toBe(first);
    await leaveIn(page);
  }
});

scenario('a browser refuses the options that it does not take, by their names', async (world) => {
  const page = await openEmpty(await world.newProfile());
  const turn = [{ urls: 'turn:127.0.0.1:3478', username: 'a', credential: 'b' }];
  expect(await outcomeOf(page, { ...here(world), iceServers: turn, iceTransportPolicy: 'relay' })).toBe('joined');
  for (const wrong of [
    { iceServers: [{ urls: 'stun.example' }] },
    { iceServers: { urls: 'stun:stun.example' } },
    { iceServers: [{ urls: 'turn:turn.example' }] },
    { iceTransportPolicy: 'relais' },
    { signaling: 'wss://skein.example' },
    { mediaWorker: 'https://' },
  ]) {
    const [name = ''] = Object.keys(wrong);
    expect(await outcomeOf(page, { ...here(world), ...wrong })).toMatch(new RegExp(`^bad-argument: .*${name}`));
  }
});

scenario('the policy that the manual names is all that an application needs, playing included', async (world) => {
  const { host } = new URL(world.server.url);
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    `connect-src http://${host} ws://${host}`,
    "media-src 'self'",
    'img-src data:',
  ].join('; ');
  const url = await embedder.unbundled({ policy });
  const complaints: string[] = [];
  const open = async (): Promise<Page> => {
    const page = await openEmpty(await world.newProfile(), url);
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await joinIn(page, here(world));
    return page;
  };
  const [giver, taker] = [await open(), await open()];
  const magnet = await giver.evaluate(async () => {
    const rate = 8_000;
    const seconds = 20;
    const wav = new DataView(new ArrayBuffer(44 + rate * seconds));
    const text = (at: number, word: string): void => {
      for (let i = 0; i < word.length; i++) wav.setUint8(at + i, word.charCodeAt(i));
    };
    text(0, 'RIFF');
    wav.setUint32(4, 36 + rate * seconds, true);
    text(8, 'WAVEfmt ');
    wav.setUint32(16, 16, true);
    wav.setUint16(20, 1, true);
    wav.setUint16(22, 1, true);
    wav.setUint32(24, rate, true);
    wav.setUint32(28, rate, true);
    wav.setUint16(32, 1, true);
    wav.setUint16(34, 8, true);
    text(36, 'data');
    wav.setUint32(40, rate * seconds, true);
    for (let at = 44; at < wav.byteLength; at++) wav.setUint8(at, 128 + 60 * Math.sin(at / 5));
    const share = await window.nodes[0]!.share([new File([wav], 'tone.wav')]);
    return share.magnet;
  });
  const played = await taker.evaluate(async (link) => {
    const download = window.nodes[0]!.download(link);
    await download.done;
    const audio = document.createElement('audio');
    audio.muted = true;
    audio.src = await download.files()[0]!.mediaUrl();
    await audio.play();
    return audio.duration;
  }, magnet);
  expect(played).toBeCloseTo(20);
  expect(complaints).toEqual([]);
});
