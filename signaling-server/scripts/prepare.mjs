/**
 * Runs before `npm start`, `npm test` and `npm run dev`: checks the version of Node and installs the dependencies when
 * there are none or the lock file changed. Built-ins only, because nothing else may be there yet.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** vite 8 is what needs it. */
const NEEDED_NODE = [20, 19];

const root = fileURLToPath(new URL('../..', import.meta.url));

function isNodeNewEnough() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > NEEDED_NODE[0] || (major === NEEDED_NODE[0] && minor >= NEEDED_NODE[1]);
}

/** The packages of a lock file by their folder; none when there is no such file or it is broken. */
function packagesIn(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8')).packages ?? {};
  } catch {
    return {};
  }
}

/**
 * True when every package of the lock file is there in its version. npm writes down what it installed, last of all,
 * so an installation that was broken off does not count. Optional packages are for other machines, as a rule.
 */
function isInstalled() {
  const wanted = Object.entries(packagesIn(join(root, 'package-lock.json')));
  const installed = packagesIn(join(root, 'node_modules', '.package-lock.json'));
  return wanted.every(([folder, { version, integrity, optional }]) => {
    const found = installed[folder];
    return folder === '' || optional || (found?.version === version && found?.integrity === integrity);
  });
}

/** Runs the npm that runs this script, or else the one on the path. */
function npm(...args) {
  const own = process.env.npm_execpath;
  const options = { cwd: root, stdio: 'inherit' };
  // npm_execpath may be another package manager's, which would not take npm's arguments.
  if (own && /npm-cli\.[cm]?js$/.test(own)) return spawnSync(process.execPath, [own, ...args], options);
  return spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
}

/**
 * `npm start` is `exec node …`: without `exec` the shell in between would take npm's SIGTERM for itself, and the server
 * would stay behind, holding its port. The shell of Windows has no such word, so it gets one.
 */
function provideExec() {
  if (process.platform !== 'win32') return;
  writeFileSync(join(root, 'node_modules', '.bin', 'exec.cmd'), '@%*\r\n');
}

function prepare() {
  if (!isNodeNewEnough()) {
    return `Skein needs Node ${NEEDED_NODE.join('.')} or newer; this is ${process.versions.node}. Get one at nodejs.org.`;
  }
  if (isInstalled()) {
    provideExec();
    return undefined;
  }
  process.stdout.write('Installing what Skein depends on. This takes a minute, once.\n');
  const { status } = npm('ci', '--include=dev', '--no-audit', '--no-fund');
  if (status !== 0) return 'The dependencies could not be installed; npm says why above. Is the network up?';
  provideExec();
  return undefined;
}

const problem = prepare();
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
