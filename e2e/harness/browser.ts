import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type LaunchOptions,
} from 'playwright-core';
import { findChromium } from '../scripts/chromium.mjs';
import { ROOT } from './root.ts';

/** Nothing of the browser's own traffic, and a root user's container. */
const BASE_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Ten tabs at once are all in use here; the browser must not slow down those it thinks are in the background. */
const AWAKE_FLAGS = [
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
];

/** Host candidates with addresses: multicast DNS does not get through everywhere where tests run. */
const LINK_FLAGS = ['--disable-features=WebRtcHideLocalIpsWithMdns'];

/** A camera that shows a moving picture and a microphone that beeps. Permission is the context's matter. */
const DEVICE_FLAGS = ['--use-fake-device-for-media-stream', '--autoplay-policy=no-user-gesture-required'];

/** What every Chromium under test is started with, also one that may slow down its background tabs as a person's does. */
export const COMMON_FLAGS: readonly string[] = [...BASE_FLAGS, ...LINK_FLAGS, ...DEVICE_FLAGS];

export interface BrowserOptions {
  /** False: a machine without camera and microphone. Default true. */
  readonly hasDevices?: boolean;
  /** True: root's browser may do no more than anybody's on Linux, where the system can see to that. Default false. */
  readonly isUnprivileged?: boolean;
  /** As in people's browsers: host candidates have names that multicast DNS resolves. Default false. */
  readonly hidesAddresses?: boolean;
  /** Network namespace to run in, see `NatNetwork`. */
  readonly namespace?: string;
  /** Origin that counts as secure though it is no https, as a test's server is none. */
  readonly secureOrigin?: string;
}

/** A Chromium of our own with an empty profile. */
export function launchBrowser(options: BrowserOptions = {}): Promise<Browser> {
  return chromium.launch(launchOptions(options));
}

/**
 * A Chromium of its own whose one profile lies in `folder`, on the disk, as a person's does. The others are private
 * windows: their storage is memory, which knows no quota when a file is given its length.
 */
export function launchProfile(
  folder: string,
  options: BrowserContextOptions,
  browser: BrowserOptions = {},
): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, { ...launchOptions(browser), ...options });
}

function launchOptions(options: BrowserOptions): LaunchOptions {
  const found = findChromium();
  if (!found) throw new Error('No Chromium found: see e2e/README.md');
  const devices = options.hasDevices === false ? [] : DEVICE_FLAGS;
  const { secureOrigin } = options;
  const origins = secureOrigin === undefined ? [] : [`--unsafely-treat-insecure-origin-as-secure=${secureOrigin}`];
  const links = options.hidesAddresses ? [] : LINK_FLAGS;
  return { ...startOf(found, options), args: [...BASE_FLAGS, ...AWAKE_FLAGS, ...links, ...devices, ...origins] };
}

function startOf(
  found: string,
  { isUnprivileged, namespace }: BrowserOptions,
): Pick<LaunchOptions, 'executablePath' | 'env'> {
  if (isUnprivileged) return unprivileged(found);
  if (namespace === undefined) return { executablePath: found };
  return {
    executablePath: join(ROOT, 'e2e/harness/in-namespace.sh'),
    env: { ...process.env, SKEIN_BROWSER: found, SKEIN_NAMESPACE: namespace },
  };
}

function unprivileged(executablePath: string): Pick<LaunchOptions, 'executablePath' | 'env'> {
  const canBecomeUser =
    process.platform === 'linux' &&
    process.getuid?.() === 0 &&
    spawnSync('unshare', ['--user', '--map-user=1000', '--map-group=1000', 'true']).status === 0;
  if (!canBecomeUser) return { executablePath };
  return {
    executablePath: join(ROOT, 'e2e/harness/as-user.sh'),
    env: { ...process.env, SKEIN_BROWSER: executablePath },
  };
}
