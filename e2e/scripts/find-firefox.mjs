import { existsSync } from 'node:fs';
import { aptInstall, inPath, isDebianRoot } from './chromium.mjs';

const NAMES = ['firefox-esr', 'firefox'];
const PLACES = [
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/snap/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
  'C:\\Program Files\\Mozilla Firefox\\firefox.exe',
];

/** The Firefox to test in: `SKEIN_FIREFOX`, else one in PATH, else one in the usual places; or undefined. */
export function findFirefox() {
  const named = process.env.SKEIN_FIREFOX;
  if (named) return existsSync(named) ? named : undefined;
  for (const name of NAMES) {
    const path = inPath(name);
    if (path) return path;
  }
  return PLACES.find((path) => existsSync(path));
}

/**
 * Makes sure that there is a Firefox to test in. As root on Debian it installs it; elsewhere it says in one sentence what
 * to do. Returns whether tests in it can run.
 */
export function ensureFirefox() {
  if (!findFirefox() && !process.env.SKEIN_FIREFOX && isDebianRoot()) aptInstall(['firefox-esr']);
  const firefox = findFirefox();
  if (firefox) {
    console.error(`Firefox: ${firefox}`);
    return true;
  }
  const tried = process.env.SKEIN_FIREFOX;
  console.log(
    tried
      ? `SKEIN_FIREFOX names ${tried}, which does not exist: set it to the path of a Firefox, then run npm run firefox again.`
      : 'No Firefox found: install Firefox (on Debian "sudo apt install firefox-esr"), or set SKEIN_FIREFOX to its path, then run npm run firefox again.',
  );
  return false;
}
