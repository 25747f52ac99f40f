import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type Page, launch } from 'puppeteer-core';
import { findChromium, inPath } from '../scripts/chromium.mjs';
import { COMMON_FLAGS } from './browser.ts';
import { end, printed } from './child.ts';
import { DesktopTab } from './desktop-tab.ts';
import { watchPage } from './globals.ts';
import { Firefox } from './firefox.ts';
import { IN_FIREFOX, type TabOptions, type World } from './world.ts';

/** [pixels x pixels x bits] */
const SCREEN = '1280x900x24';

/** Where tabs are opened, and whether anybody looks. */
export interface DesktopTabOptions extends Pick<TabOptions, 'query' | 'hash' | 'waitForStart'> {
  /** True: behind the tab that is shown, and never looked at. Default false. */
  readonly inBackground?: boolean;
  /** Runs in the page before its own scripts. */
  readonly before?: () => void;
}

/**
 * A person's Chromium with a window, on a screen that is only memory, or Firefox, which needs none. Of its tabs one is
 * shown; the others are hidden, and slowed down, throttled and frozen as everybody's are: nothing here emulates focus or
 * keeps tabs awake. It has one profile, on the disk, and ends with its world.
 */
export class Desktop {
  readonly #world: World;
  readonly #browser: Browser;
  /** An empty page, to have something in front. */
  readonly #front: Page;

  private constructor(world: World, browser: Browser, front: Page) {
    this.#world = world;
    this.#browser = browser;
    this.#front = front;
  }

  /** True where there is an Xvfb, which draws windows for nobody. */
  static isPossible(): boolean {
    return IN_FIREFOX || inPath('Xvfb') !== undefined;
  }

  /** `flags` are Chromium's. */
  static async start(world: World, flags: readonly string[] = []): Promise<Desktop> {
    const browser = IN_FIREFOX ? (await Firefox.start(world)).browser : await startChromium(world, flags);
    const [front = await browser.newPage()] = await browser.pages();
    return new Desktop(world, browser, front);
  }

  async openTab(options: DesktopTabOptions = {}): Promise<DesktopTab> {
    const page = await this.#browser.newPage({ background: options.inBackground === true });
    await page.evaluateOnNewDocument(watchPage);
    if (options.before) await page.evaluateOnNewDocument(options.before);
    // The page asks before it is left with transfers under way.
    page.on('dialog', (dialog) => void dialog.accept());
    const tab = new DesktopTab(page, this.#front);
    this.#world.tabs.push(tab);
    await tab.page.goto(this.#world.pageUrl(options));
    if (options.waitForStart !== false) await tab.started();
    return tab;
  }
}

async function startChromium(world: World, flags: readonly string[]): Promise<Browser> {
  const screen = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', SCREEN, '-nolisten', 'tcp']);
  world.onClose(() => end(screen, 'SIGTERM'));
  const folder = await mkdtemp(join(tmpdir(), 'skein-desktop-'));
  world.onClose(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const browser = await launchOn(await displayOf(screen), folder, flags);
  world.onClose(() => browser.close());
  await browser
    .defaultBrowserContext()
    .overridePermissions(new URL(world.server.url).origin, ['camera', 'microphone', 'clipboard-read']);
  return browser;
}

async function displayOf(screen: ChildProcess): Promise<string> {
  const [, display = ''] = await printed(screen, /^(\d+)\n/m);
  return `:${display}`;
}

/** None of puppeteer's own flags: they keep background tabs awake and switch the back/forward cache off. */
function launchOn(display: string, userDataDir: string, flags: readonly string[]): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('No Chromium found: see e2e/README.md');
  return launch({
    executablePath,
    headless: false,
    pipe: true,
    ignoreDefaultArgs: true,
    args: [...COMMON_FLAGS, ...flags, `--user-data-dir=${userDataDir}`, 'about:blank'],
    defaultViewport: null,
    env: { ...process.env, DISPLAY: display },
  });
}
