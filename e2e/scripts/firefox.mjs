import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureFirefox } from './find-firefox.mjs';
import { runBuilt } from './run-built.mjs';

const root = new URL('../..', import.meta.url).pathname;

/** `npm run firefox [-- words for vitest]`: builds what is to be tested, then tests it in Firefox, and between the two browsers. */
if (!ensureFirefox()) process.exitCode = 1;
else {
  await runBuilt('test', (words) => {
    const vitest = join(root, 'node_modules', '.bin', 'vitest');
    const args = ['run', '--config', 'e2e/vitest.firefox.config.ts', ...words];
    return spawnSync(vitest, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' }).status === 0;
  });
}
