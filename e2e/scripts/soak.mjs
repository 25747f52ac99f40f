import { spawnSync } from 'node:child_process';
import { ensureBrowser } from './chromium.mjs';

/** `npm run soak [-- options]`: builds what is to be tested, then runs the long test. Exits with 1 when a promise breaks. */
const root = new URL('../..', import.meta.url).pathname;

function build() {
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: ['ignore', 2, 2] });
  return status === 0;
}

if (!ensureBrowser()) process.exitCode = 1;
else if (!build()) {
  console.error('The build failed, so there is nothing to test.');
  process.exitCode = 1;
} else {
  const { main } = await import('../../dist/e2e/soak/main.js');
  process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
}
