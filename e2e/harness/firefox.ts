import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch, type Browser } from 'puppeteer-core';
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
}

/** Where tabs of a Firefox are opened: each in a window of its own, or hidden behind the next in one window. */
export interface FirefoxTabOptions extends Pick<TabOptions, 'query' | 'hash' | 'waitForStart'> {
  /** [CSS pixels] Default the window's own. */
  readonly viewport?: { readonly width: number; readonly height: number };
  /** Default `window`. */
  readonly type?: 'tab' | 'window';
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
    const folder = await mkdtemp(join(tmpdir(), 'skein-firefox-'));
    await Promise.all([mkdir(join(folder, 'profile')), mkdir(join(folder, 'saved'))]);
    const prefs = {
      ...PREFS,
      'browser.download.dir': join(folder, 'saved'),
      'layout.css.prefers-color-scheme.content-override': options.colorScheme === 'dark' ? 0 : 1,
    };
    const firefox = new Firefox(world, folder, prefs, await launchFirefox(folder, prefs));
    world.onClose(() => firefox.#end());
    return firefox;
  }

  async openTab(options: FirefoxTabOptions = {}): Promise<FirefoxTab> {
    const page = await this.#browser.newPage({ type: options.type ?? 'window' });
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
