import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, launch } from 'puppeteer-core';
import { findFirefox } from '../scripts/find-firefox.mjs';
import { FirefoxTab } from './firefox-tab.ts';
import { watchPage } from './globals.ts';
import type { TabOptions, World } from './world.ts';

type Prefs = Readonly<Record<string, string | number | boolean>>;

/** What the flags of the Chromium under test say, in Firefox's words. */
const PREFS: Prefs = {
  // Host candidates with addresses: there is no mDNS responder in a container.
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  // A camera and a microphone that are not there, and nobody asks about them.
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  // Saving asks nothing.
  'browser.download.folderList': 2,
  'browser.download.useDownloadDir': true,
  'browser.download.always_ask_before_handling_new_types': false,
};

export interface FirefoxOptions {
  /** What a person likes, as the system would tell. Default light. */
  readonly colorScheme?: 'light' | 'dark';
  /** What all pages together may store. [bytes] Default what Firefox finds right for the disk. */
  readonly room?: number;
  /** Where the profile lies. Default on the disk of temporary files. */
  readonly parent?: string;
}

/** Where tabs of a Firefox are opened: each in a window of its own, or hidden behind the next in one window. */
export interface FirefoxTabOptions extends Pick<TabOptions, 'query' | 'hash' | 'waitForStart'> {
  /** [CSS pixels] Default the window's own. */
  readonly viewport?: { readonly width: number; readonly height: number };
  /** Default `window`. */
  readonly type?: 'tab' | 'window';
  /** Whose storage it uses. Default the profile's own. */
  readonly container?: BrowserContext;
}

/** A person's Firefox: a process of its own with one profile, which lies on the disk. It ends with its world. */
export class Firefox {
  readonly #world: World;
  readonly #folder: string;
  readonly #prefs: Prefs;
  #browser: Browser;

  private constructor(world: World, folder: string, prefs: Prefs, browser: Browser) {
    this.#world = world;
    this.#folder = folder;
    this.#prefs = prefs;
    this.#browser = browser;
  }

  static async start(world: World, options: FirefoxOptions = {}): Promise<Firefox> {
    const folder = await mkdtemp(join(options.parent ?? tmpdir(), 'skein-firefox-'));
    await Promise.all([mkdir(join(folder, 'profile')), mkdir(join(folder, 'saved'))]);
    const prefs = {
      ...PREFS,
      'browser.download.dir': join(folder, 'saved'),
      'layout.css.prefers-color-scheme.content-override': options.colorScheme === 'dark' ? 0 : 1,
      // In kB. Below 10 MB one site may have all of it. Firefox reads it once, when a page first stores something.
      'dom.quotaManager.temporaryStorage.fixedLimit': options.room === undefined ? -1 : Math.floor(options.room / 1024),
    };
    const firefox = new Firefox(world, folder, prefs, await launchFirefox(folder, prefs));
    world.onClose(() => firefox.#end());
    return firefox;
  }

  get browser(): Browser {
    return this.#browser;
  }

  async openTab(options: FirefoxTabOptions = {}): Promise<FirefoxTab> {
    const container = options.container ?? this.#browser.defaultBrowserContext();
    const page = await container.newPage({ type: options.type ?? 'window' });
    if (options.viewport) await page.setViewport(options.viewport);
    await page.evaluateOnNewDocument(watchPage);
    // The page asks before it is left with transfers under way.
    page.on('dialog', (dialog) => void dialog.accept());
    const tab = new FirefoxTab(page, join(this.#folder, 'saved'));
    this.#world.tabs.push(tab);
    await tab.page.goto(this.#world.pageUrl(options));
    if (options.waitForStart !== false) await tab.started();
    return tab;
  }

  /** Storage of its own within the profile, as a container of Firefox has: its tabs are another person's. */
  newContainer(): Promise<BrowserContext> {
    return this.#browser.createBrowserContext();
  }

  /** SIGKILL: no goodbye of any tab, and nothing that was only in memory reaches the disk. */
  async kill(): Promise<void> {
    const process = this.#browser.process();
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    const exited = once(process, 'exit');
    process.kill('SIGKILL');
    await exited;
  }

  /** Starts again with the same profile. */
  async restart(): Promise<void> {
    this.#browser = await launchFirefox(this.#folder, this.#prefs);
  }

  async #end(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function launchFirefox(folder: string, prefs: Prefs): Promise<Browser> {
  const executablePath = findFirefox();
  if (executablePath === undefined) throw new Error('No Firefox found: see e2e/README.md');
  return launch({
    browser: 'firefox',
    executablePath,
    headless: true,
    userDataDir: join(folder, 'profile'),
    defaultViewport: null,
    extraPrefsFirefox: prefs,
  });
}
