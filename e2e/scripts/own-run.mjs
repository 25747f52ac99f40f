import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where what a run leaves on purpose goes: the folder of temporary files outside of its own. */
const LASTING = 'SKEIN_LASTING_TMP';

/** Of this run, from `setup` to `teardown`. */
let caretaker;

/**
 * Gives this run a folder of its own for all temporary files, and a caretaker that ends with it what it started and removes
 * that folder, however it ends: who is killed can do nothing any more. What it starts from now on inherits the folder's name
 * (`TMPDIR`), by which the caretaker knows it.
 */
export function setup() {
  const folder = mkdtempSync(join(tmpdir(), 'skein-run-'));
  // nginx gives root's rights up, and reads its files below it.
  chmodSync(folder, 0o755);
  // In a group of its own: Ctrl-C is for the run.
  const program = fileURLToPath(new URL('caretaker.mjs', import.meta.url));
  caretaker = spawn(process.execPath, [program, folder], { detached: true, stdio: ['pipe', 'ignore', 'inherit'] });
  caretaker.unref();
  caretaker.stdin?.unref?.();
  process.env[LASTING] ??= tmpdir();
  for (const name of ['TMPDIR', 'TMP', 'TEMP']) process.env[name] = folder;
}

/** Resolves when nothing of the run is left. */
export async function teardown() {
  const left = caretaker;
  if (!left) return;
  caretaker = undefined;
  const ended = new Promise((resolve) => left.once('exit', resolve));
  left.ref();
  left.stdin?.end();
  await ended;
}
