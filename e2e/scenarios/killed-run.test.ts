import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { printed } from '../harness/child.ts';
import { ROOT } from '../harness/root.ts';

/** A run that starts a program which would go on for ever, says which and where, and waits. */
const RUN = `
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setup } from '${pathToFileURL(join(ROOT, 'e2e/scripts/own-run.mjs')).href}';
setup();
const folder = mkdtempSync(join(tmpdir(), 'of-a-test-'));
const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { detached: true, stdio: 'ignore' });
console.log('started ' + child.pid + ' in ' + folder + ';');
setInterval(() => undefined, 1000);
`;

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test.skipIf(process.platform !== 'linux')(
  'a run that is killed leaves neither programs nor folders behind',
  async () => {
    const run = spawn(process.execPath, ['--input-type=module', '-e', RUN], { stdio: ['ignore', 'pipe', 'pipe'] });
    const [, pid, folder = ''] = await printed(run, /started (\d+) in (.*);/);
    expect([isRunning(Number(pid)), existsSync(folder)]).toEqual([true, true]);
    const ended = once(run, 'exit');
    run.kill('SIGKILL');
    await ended;
    await expect
      .poll(() => [isRunning(Number(pid)), existsSync(join(folder, '..'))], { timeout: 20_000 })
      .toEqual([false, false]);
  },
);
