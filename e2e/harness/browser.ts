import { chromium, type Browser } from 'playwright-core';
import { findChromium } from '../scripts/chromium.mjs';

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

/** Host candidates with addresses: there is no mDNS responder in a container. */
const LINK_FLAGS = ['--disable-features=WebRtcHideLocalIpsWithMdns'];

/** A camera that shows a moving picture and a microphone that beeps. Permission is the context's matter. */
const DEVICE_FLAGS = ['--use-fake-device-for-media-stream', '--autoplay-policy=no-user-gesture-required'];

export interface BrowserOptions {
  /** False: a machine without camera and microphone. Default true. */
  readonly hasDevices?: boolean;
}

/** A Chromium of our own with an empty profile. */
export function launchBrowser(options: BrowserOptions = {}): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error('No Chromium found: see e2e/README.md');
  return chromium.launch({
    executablePath,
    args: [...BASE_FLAGS, ...AWAKE_FLAGS, ...LINK_FLAGS, ...(options.hasDevices === false ? [] : DEVICE_FLAGS)],
  });
}
