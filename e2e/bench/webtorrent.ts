import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BrowserContext, Page } from 'playwright-core';
import { watchPage } from '../harness/globals.ts';
import { ROOT } from '../harness/root.ts';
import type { OpenProfile } from './lab.ts';
import { longestTaskSince, type Transfer } from './transfer.ts';

/** Its package.json names the measured versions. */
const FOLDER = join(ROOT, 'e2e/bench/webtorrent');

/** A page with a file input and the library, as its own documentation starts one. */
const PAGE = `<!doctype html><title>WebTorrent</title><input type="file" id="file"><script type="module">
import WebTorrent from '/webtorrent.min.js';
window.WEBTORRENT_ANNOUNCE = [];
window.client = new WebTorrent({ dht: false, lsd: false, tracker: { rtcConfig: { iceServers: [] } } });
</script>`;

/** What the page offers. */
interface WebTorrentPage {
  readonly client: {
    seed(file: File, options: object, ready: (torrent: WebTorrentTorrent) => void): void;
    add(magnet: string, options: object): WebTorrentTorrent;
    remove(infoHash: string, options: object, done: () => void): void;
  };
}

interface WebTorrentTorrent {
  readonly magnetURI: string;
  readonly infoHash: string;
  readonly files: readonly WebTorrentFile[];
  once(event: 'download' | 'done', listener: () => void): void;
}

interface WebTorrentFile {
  blob(): Promise<Blob>;
}

interface TrackerServer {
  readonly http?: Server;
  readonly ws?: { address(): AddressInfo };
  listen(port: number, host: string, ready: () => void): void;
  close(done: () => void): void;
}

/** WebTorrent in pages of the same kind of profile, with a tracker of its own on the loopback address. */
export class WebTorrentLab {
  readonly #openProfile: OpenProfile;
  readonly #site: Server;
  readonly #tracker: TrackerServer;
  /** The tracker's URL. */
  readonly announce: string;
  /** A profile for each page. */
  readonly contexts: BrowserContext[] = [];

  private constructor(openProfile: OpenProfile, site: Server, tracker: TrackerServer, announce: string) {
    this.#openProfile = openProfile;
    this.#site = site;
    this.#tracker = tracker;
    this.announce = announce;
  }

  /** Installs it first where it is missing; what it would build natively a browser does not need. */
  static async open(openProfile: OpenProfile): Promise<WebTorrentLab> {
    installWebTorrent();
    const bundle = await readFile(join(FOLDER, 'node_modules/webtorrent/dist/webtorrent.min.js'));
    const site = createServer((request, response) => {
      const isBundle = request.url === '/webtorrent.min.js';
      response.setHeader('content-type', isBundle ? 'text/javascript' : 'text/html');
      response.end(isBundle ? bundle : PAGE);
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    const { port, tracker } = await startTracker();
    return new WebTorrentLab(openProfile, site, tracker, `ws://127.0.0.1:${port}`);
  }

  async openPage(): Promise<Page> {
    const context = await this.#openProfile();
    this.contexts.push(context);
    await context.addInitScript(watchPage);
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${(this.#site.address() as AddressInfo).port}/`);
    await page.waitForFunction(() => 'client' in window);
    return page;
  }

  /** Milliseconds from the call of `seed` until the magnet link is known. */
  async seed(page: Page, path: string): Promise<{ readonly magnet: string; readonly ms: number }> {
    await page.locator('#file').setInputFiles(path);
    return page.evaluate(seedFile, this.announce);
  }

  /** Has `receivers` download what `magnet` names, all at once, and forget it again. */
  async transfer(magnet: string, receivers: readonly Page[], bytes: number): Promise<Transfer> {
    const startedAt = performance.now();
    const work = { magnet, announce: this.announce };
    const firstByteMs = await Promise.all(receivers.map((page) => page.evaluate(download, work)));
    const seconds = (performance.now() - startedAt) / 1000;
    const tasks = await Promise.all(receivers.map((page) => page.evaluate(longestTaskSince, 0)));
    return { bytesPerSecond: (bytes * receivers.length) / seconds, firstByteMs, longestTaskMs: Math.max(...tasks) };
  }

  /** SHA-256 of the only file of what `magnet` names, downloaded in `page` from whom its trackers introduce. */
  fetch(page: Page, magnet: string): Promise<string> {
    return page.evaluate(fetchOnly, magnet);
  }

  async close(): Promise<void> {
    await Promise.all(this.contexts.map((context) => context.close()));
    await new Promise<void>((resolve) => this.#tracker.close(() => resolve()));
    await new Promise((resolve) => this.#site.close(resolve));
  }
}

/** Fetches what is measured and tested against, where it is missing. */
export function installWebTorrent(): void {
  if (existsSync(join(FOLDER, 'node_modules/webtorrent/dist/webtorrent.min.js'))) return;
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--omit=optional'], {
    cwd: FOLDER,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new Error('WebTorrent could not be installed, so there is nothing to compare with');
}

async function startTracker(): Promise<{ readonly tracker: TrackerServer; readonly port: number }> {
  const path = join(FOLDER, 'node_modules/bittorrent-tracker/server.js');
  const module = (await import(pathToFileURL(path).href)) as {
    readonly default: new (options: object) => TrackerServer;
  };
  const tracker = new module.default({ udp: false, http: false, ws: true, stats: false });
  await new Promise<void>((resolve) => tracker.listen(0, '127.0.0.1', resolve));
  const port = tracker.ws?.address().port ?? (tracker.http?.address() as AddressInfo | undefined)?.port;
  if (port === undefined) throw new Error('the tracker of the comparison did not start');
  return { tracker, port };
}

/** In the seed. */
function seedFile(announce: string): Promise<{ magnet: string; ms: number }> {
  const { client } = window as unknown as WebTorrentPage;
  const file = document.querySelector<HTMLInputElement>('#file')?.files?.[0];
  if (!file) throw new Error('no file');
  const startedAt = performance.now();
  return new Promise((resolve) => {
    client.seed(file, { announceList: [[announce]] }, (torrent) =>
      resolve({ magnet: torrent.magnetURI, ms: performance.now() - startedAt }),
    );
  });
}

/** In a receiver: resolves once everything is verified, to the time until the first bytes. [ms] */
function download({ magnet, announce }: { magnet: string; announce: string }): Promise<number> {
  const { client } = window as unknown as WebTorrentPage;
  const startedAt = performance.now();
  let firstByteMs = Number.NaN;
  return new Promise((resolve) => {
    const torrent = client.add(magnet, { announce: [announce] });
    torrent.once('download', () => (firstByteMs = performance.now() - startedAt));
    torrent.once('done', () => resolve(firstByteMs));
  });
}

/** In a receiver: resolves to the SHA-256 of the only file. */
async function fetchOnly(magnet: string): Promise<string> {
  const { client } = window as unknown as WebTorrentPage;
  const torrent = await new Promise<WebTorrentTorrent>((resolve) => {
    const adding = client.add(magnet, {});
    adding.once('done', () => resolve(adding));
  });
  const blob = await torrent.files[0]?.blob();
  const digest = await crypto.subtle.digest('SHA-256', (await blob?.arrayBuffer()) ?? new ArrayBuffer(0));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
