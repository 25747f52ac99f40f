import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';

/**
 * `npm run fuzz`: more than a million hostile inputs to everything that decodes what others send, and to whole torrents.
 * `--seed` repeats a run: the seed is printed, and a failure names the seed of its round. `--inputs` and `--target` limit
 * it. The inputs are made and judged by `client/fuzz/`.
 */

const { values } = parseArgs({
  options: { seed: { type: 'string' }, inputs: { type: 'string' }, target: { type: 'string' } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const inputs = Number(values.inputs ?? 1_200_000);
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(inputs) || inputs < 1) {
  console.error('--seed and --inputs are whole numbers.');
  process.exit(2);
}
console.log(`seed ${seed}, ${inputs} inputs`);
const root = new URL('../..', import.meta.url).pathname;
const args = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'client/vitest.config.ts', 'client/fuzz'];
const env = { ...process.env, FUZZ_SEED: String(seed), FUZZ_INPUTS: String(inputs) };
if (values.target !== undefined) env.FUZZ_TARGET = values.target;
spawn(process.execPath, args, { cwd: root, env, stdio: 'inherit' }).on('exit', (code) => process.exit(code ?? 1));
