/** Builds the server and the page, each only when something it is made from changed since it was last built. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The built page. */
export const pageFolder = join(root, 'dist', 'page');

/** The built command line of the server. */
export const serverEntry = join(root, 'dist', 'signaling-server', 'src', 'cli.js');

const COMMON_SOURCES = ['package-lock.json', 'tsconfig.json', 'shared/src', 'shared/tsconfig.json'];

const SERVER = {
  name: 'server',
  output: serverEntry,
  sources: [...COMMON_SOURCES, 'signaling-server/src', 'signaling-server/tsconfig.json'],
  command: ['node_modules/typescript/bin/tsc', '-b', 'signaling-server'],
};

const PAGE = {
  name: 'page',
  output: join(pageFolder, 'index.html'),
  sources: [
    ...COMMON_SOURCES,
    'client/src',
    'client/public',
    'client/index.html',
    'client/vite',
    'client/vite.config.ts',
  ],
  command: ['node_modules/vite/bin/vite.js', 'build', '--config', 'client/vite.config.ts', '--logLevel', 'warn'],
};

export function buildServer() {
  return build(SERVER);
}

export function buildPage() {
  return build(PAGE);
}

/** Resolves to false when the tool failed; it has said why on stderr. */
async function build({ name, output, sources, command }) {
  const stamp = join(root, 'dist', `.${name}-sources`);
  const hash = hashOf(sources);
  if (existsSync(output) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return true;
  process.stdout.write(`Building the ${name}.\n`);
  // A build that is broken off must not pass for a whole one.
  rmSync(stamp, { force: true });
  if ((await run(command)) !== 0) return false;
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stamp, hash);
  return true;
}

function run([script, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', () => resolve(1));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** A hash over the paths and contents of files and folders. Times are no measure: a checkout sets them anew. */
function hashOf(sources) {
  const hash = createHash('sha256').update(process.versions.node);
  for (const path of sources.flatMap(filesBelow).toSorted()) {
    const content = readFileSync(join(root, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** The file itself, or every file of the folder but the tests, which nothing is built from. */
function filesBelow(path) {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  if (!statSync(full).isDirectory()) return [path];
  return readdirSync(full, { withFileTypes: true }).flatMap((entry) => {
    if (/\.test\.tsx?$/.test(entry.name)) return [];
    return filesBelow(`${path}/${entry.name}`);
  });
}
