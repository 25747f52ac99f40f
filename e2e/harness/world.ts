import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core';
import { launchBrowser, launchProfile, type BrowserOptions } from './browser.ts';
import { closeAll } from './closing.ts';
import { FileFolder } from './files.ts';
import { FirefoxTab } from './firefox-tab.ts';
import { Firefox } from './firefox.ts';
import { watchPage } from './globals.ts';
import { ServerProcess, type ServerOptions } from './server.ts';
import { Tab } from './tab.ts';

/** True where tabs open in Firefox unless a test names a profile of Chromium: `e2e/vitest.firefox.config.ts` says so. */
export const IN_FIREFOX = process.env['SKEIN_TABS'] === 'firefox';

export interface WorldOptions {
  readonly server?: ServerOptions;
  readonly browser?: BrowserOptions;
  /** How many of them. Default 1: all tabs of a browser share its network thread, those of several people do not. */
  readonly browsers?: number;
}

export interface TabOptions {
  /** Where to open it; default a context of its own, which is a browser profile of its own. */
  readonly context?: BrowserContext;
  /** Options of that new context. */
  readonly profile?: BrowserContextOptions;
  /** Settings of the page, see client/src/ui/settings.ts. */
  readonly query?: Readonly<Record<string, string>>;
  /** What follows `#`, e.g. a link into a download. */
  readonly hash?: string;
  /** Default true: wait for the node to start. */
  readonly waitForStart?: boolean;
}

/** What a profile may do without asking. A test of refused permission opens one without. */
const PERMISSIONS = ['camera', 'microphone', 'clipboard-read', 'clipboard-write'];

/** One server, one browser or more, and everything opened in them. Whatever is opened here is closed by `close`. */
export class World {
  readonly server: ServerProcess;
  /** The first of `browsers`. */
  readonly browser: Browser;
  readonly browsers: readonly Browser[];
  readonly files: FileFolder;
  readonly tabs: Tab[] = [];
  readonly #closers: (() => Promise<unknown>)[] = [];
  #firefox: Promise<Firefox> | undefined;

  private constructor(server: ServerProcess, browsers: readonly [Browser, ...Browser[]], files: FileFolder) {
    this.server = server;
    this.browser = browsers[0];
    this.browsers = browsers;
    this.files = files;
  }

  static async open(options: WorldOptions = {}): Promise<World> {
    const server = await ServerProcess.start(options.server);
    const browsers: Browser[] = [];
    try {
      const first = await launchBrowser(options.browser);
      browsers.push(first);
      while (browsers.length < (options.browsers ?? 1)) browsers.push(await launchBrowser(options.browser));
      return new World(server, [first, ...browsers.slice(1)], await FileFolder.create());
    } catch (error) {
      await Promise.allSettled(browsers.map((browser) => browser.close()));
      await server.kill();
      throw error;
    }
  }

  /** Has `close` also called when the world ends, last first. */
  onClose(close: () => Promise<unknown>): void {
    this.#closers.push(close);
  }

  async newProfile(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await this.browser.newContext({ permissions: PERMISSIONS, acceptDownloads: true, ...options });
    await context.addInitScript(watchPage);
    return context;
  }

  /** A profile whose storage is on the disk, in a browser of its own. */
  async newDiskProfile(browser: BrowserOptions = {}): Promise<BrowserContext> {
    const folder = await mkdtemp(join(tmpdir(), 'skein-profile-'));
    this.onClose(() => rm(folder, { recursive: true, force: true }));
    const context = await launchProfile(folder, { permissions: PERMISSIONS, acceptDownloads: true }, browser);
    this.onClose(() => context.close());
    await context.addInitScript(watchPage);
    return context;
  }

  async openTab(options: TabOptions = {}): Promise<Tab> {
    if (IN_FIREFOX && !options.context && !options.profile) {
      this.#firefox ??= Firefox.start(this);
      const firefox = await this.#firefox;
      return firefox.openTab({ ...options, container: await firefox.newContainer() });
    }
    const context = options.context ?? (await this.newProfile(options.profile));
    const tab = new Tab(await context.newPage());
    this.tabs.push(tab);
    await tab.page.goto(this.pageUrl(options), { waitUntil: 'commit' });
    if (options.waitForStart !== false) await tab.started();
    return tab;
  }

  /** Opens another tab of the profile of `tab`, which may be gone. */
  async openBeside(tab: Tab): Promise<Tab> {
    if (!(tab instanceof FirefoxTab)) return this.openTab({ context: tab.context });
    const firefox = await this.#firefox;
    if (!firefox) throw new Error('not a Firefox of this world');
    return firefox.openTab({ container: tab.container });
  }

  /** Opens `count` tabs, each in a profile of its own, and waits until each has joined with `links` links. */
  async openJoinedTabs(count: number, links: number, options: TabOptions = {}): Promise<Tab[]> {
    const tabs: Tab[] = [];
    for (let i = 0; i < count; i++) tabs.push(await this.openTab(options));
    await Promise.all(tabs.map((tab) => tab.joined(links)));
    return tabs;
  }

  pageUrl(options: { readonly query?: Readonly<Record<string, string>>; readonly hash?: string } = {}): string {
    const url = new URL(this.server.url);
    for (const [name, value] of Object.entries(options.query ?? {})) url.searchParams.set(name, value);
    if (options.hash !== undefined) url.hash = options.hash;
    return url.href;
  }

  /** Writes what every tab showed and said into a folder, and says where. */
  async dump(title: string): Promise<void> {
    await dumpTabs(title, this.server.output, this.tabs);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.browsers.map((browser) => browser.close()));
    await closeAll([() => this.files.remove(), () => this.server.kill(), ...this.#closers]);
  }
}

/** Writes what every tab showed and said, and what the server printed, into a folder, and says where. */
export async function dumpTabs(title: string, serverOutput: string, tabs: readonly Tab[]): Promise<void> {
  // It outlives the run.
  const folder = await mkdtemp(join(process.env['SKEIN_LASTING_TMP'] ?? tmpdir(), 'skein-failed-'));
  await writeFile(join(folder, 'server.log'), serverOutput);
  await Promise.all(tabs.map((tab, index) => dumpTab(tab, join(folder, `tab-${index}`))));
  console.log(`"${title}" failed; consoles, states and screenshots are in ${folder}`);
}

async function dumpTab(tab: Tab, path: string): Promise<void> {
  await writeFile(`${path}.log`, tab.console.join('\n'));
  if (tab.isCrashed || tab.page.isClosed()) return;
  const state = await within(3_000, tab.page.evaluate(describeNode));
  await writeFile(`${path}.json`, state ?? 'the page did not answer');
  await within(3_000, tab.page.screenshot({ path: `${path}.png`, fullPage: true }));
}

/** Runs in the page: the node's state in JSON. */
function describeNode(): string {
  const node = window.skein;
  if (!node) return JSON.stringify({ skein: document.documentElement.dataset['skein'] });
  const downloads = node.downloads.map((each) => ({
    infoHash: each.infoHash,
    state: each.state,
    error: each.error?.message,
    progress: each.progress,
    peers: each.peers(),
  }));
  const shares = node.shares.map((each) => ({ infoHash: each.infoHash, progress: each.progress, peers: each.peers() }));
  const calls = node.calls.map((each) => ({
    id: each.id,
    direction: each.direction,
    state: each.state,
    endReason: each.endReason,
    detail: each.detail,
    path: each.path,
  }));
  const state = {
    id: node.id,
    status: node.status,
    links: node.links(),
    contacts: node.contacts(),
    downloads,
    shares,
    calls,
  };
  return JSON.stringify(state, undefined, 2);
}

/** `work`'s result, or undefined when it fails or takes longer than `ms`. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([work, late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
