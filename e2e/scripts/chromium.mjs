import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome', 'microsoft-edge'];
const PLACES = [
  '/usr/bin/chromium',
  '/snap/bin/chromium',
  '/opt/google/chrome/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
];

/** The program `name` in PATH, or undefined. */
export function inPath(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (folder === '') continue;
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** The Chromium to test in: `SKEIN_CHROMIUM`, else one in PATH, else one in the usual places; or undefined. */
export function findChromium() {
  const named = process.env.SKEIN_CHROMIUM;
  if (named) return existsSync(named) ? named : undefined;
  for (const name of NAMES) {
    const path = inPath(name);
    if (path) return path;
  }
  return PLACES.find((path) => existsSync(path));
}

/** coturn, with which relayed links and calls are tested; or undefined. */
export function findTurnServer() {
  return inPath('turnserver') ?? (existsSync('/usr/bin/turnserver') ? '/usr/bin/turnserver' : undefined);
}

/** True where missing packages can be installed from the Debian archive. */
export function isDebianRoot() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !inPath('apt-get')) return false;
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  return /^ID(_LIKE)?=.*debian/m.test(release);
}

/** Installs Debian packages; says so when that fails. */
export function aptInstall(packages) {
  console.log(`Installing ${packages.join(' and ')} from the Debian archive.`);
  // Services that come along are not started: the tests start what they need, where they need it.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  spawnSync('apt-get', ['update', '-q'], { stdio: 'inherit', env });
  try {
    execFileSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], { stdio: 'inherit', env });
  } catch {
    console.log(`apt-get could not install ${packages.join(' and ')}.`);
  }
}

/** True when Debian's own Python can load libtorrent, with which tests check torrents of BEP 52. */
function hasLibtorrent() {
  return spawnSync('/usr/bin/python3', ['-c', 'import libtorrent'], { stdio: 'ignore' }).status === 0;
}

/**
 * Makes sure that there is a second implementation of BEP 52 to test against. As root on Debian it installs it;
 * elsewhere it says in one sentence what to do, and the tests that need it fail.
 */
export function ensureLibtorrent() {
  if (!hasLibtorrent() && isDebianRoot()) aptInstall(['python3-libtorrent']);
  if (hasLibtorrent()) return;
  console.log("No libtorrent found: install Debian's python3-libtorrent, or the tests of v2 torrents fail.");
}

/**
 * Makes sure that there is a browser to test in. As root on Debian it installs what is missing; elsewhere it says in
 * one sentence what to do. Returns whether tests in the browser can run.
 */
export function ensureBrowser() {
  if (isDebianRoot()) {
    const missing = [];
    if (!findChromium() && !process.env.SKEIN_CHROMIUM) missing.push('chromium');
    if (!findTurnServer()) missing.push('coturn');
    if (!inPath('nft')) missing.push('nftables');
    if (!inPath('ip')) missing.push('iproute2');
    if (!inPath('nginx')) missing.push('nginx-light');
    if (!inPath('Xvfb')) missing.push('xvfb');
    if (missing.length > 0) aptInstall(missing);
  }
  const chromium = findChromium();
  if (!chromium) {
    const tried = process.env.SKEIN_CHROMIUM;
    console.log(
      tried
        ? `SKEIN_CHROMIUM names ${tried}, which does not exist: set it to the path of a Chromium or Chrome, then run npm test again.`
        : 'No Chromium found: install Chromium or Chrome (on Debian "sudo apt install chromium coturn"), or set SKEIN_CHROMIUM to its path, then run npm test again.',
    );
    return false;
  }
  console.error(`Browser: ${chromium}`);
  console.error(
    `TURN server: ${findTurnServer() ?? 'coturn is not installed, so the scenarios through a relay are skipped'}`,
  );
  if (!inPath('Xvfb')) console.error('Xvfb is not installed, so the scenarios of hidden tabs are skipped');
  return true;
}
