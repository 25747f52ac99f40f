import { spawnSync } from 'node:child_process';
import { ensureBrowser } from './chromium.mjs';

/**
 * `npm run bench [-- part …] [--json]`: builds what is to be measured, then measures it. With `--json` everything but
 * the result goes to standard error, so that standard output can be read by a program.
 */
const root = new URL('../..', import.meta.url).pathname;

function build() {
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: ['ignore', 2, 2] });
  return status === 0;
}

if (!ensureBrowser()) process.exitCode = 1;
else if (!build()) {
  console.error('The build failed, so there is nothing to measure.');
  process.exitCode = 1;
} else {
  const { bench } = await import('../../dist/e2e/bench/main.js');
  process.exitCode = (await bench(process.argv.slice(2))) ? 0 : 1;
}
