import { spawnSync } from 'node:child_process';
import { ensureBrowser } from './chromium.mjs';
import { setup, teardown } from './own-run.mjs';

const root = new URL('../..', import.meta.url).pathname;

/**
 * Builds the project, then runs `run`, which takes the command line's words from the build and says whether all went well.
 * Exits with 1 when it did not, or when there is no browser or no build; the latter is said as `purpose`: "nothing to …".
 * What the build prints goes to standard error.
 */
export async function runBuilt(purpose, run) {
  if (!ensureBrowser()) process.exitCode = 1;
  else if (!build()) {
    console.error(`The build failed, so there is nothing to ${purpose}.`);
    process.exitCode = 1;
  } else {
    setup();
    try {
      process.exitCode = (await run(process.argv.slice(2))) ? 0 : 1;
    } finally {
      await teardown();
    }
  }
}

function build() {
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: ['ignore', 2, 2] });
  return status === 0;
}
