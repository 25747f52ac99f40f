import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBrowser, ensureLibtorrent } from './chromium.mjs';
import { setup, teardown } from './own-run.mjs';

/**
 * `npm test`: every check of the project, one step after the other. A failing step does not stop the ones that do not
 * need its result. The last line is the sum, in which each test counts as one and each other step counts as one.
 * `--quick` leaves out the end-to-end tests; `--only name,name` runs the named steps.
 */

const root = new URL('../..', import.meta.url).pathname;
setup();
const scratch = mkdtempSync(join(tmpdir(), 'skein-test-'));
const bin = (name) => join(root, 'node_modules', '.bin', name);

/** Steps in order. `vitest` steps count test by test. `needs` names steps without whose success this one is no use. */
const STEPS = [
  {
    name: 'types',
    commands: [
      [bin('tsc'), '-b'],
      [bin('tsc'), '-p', 'client/tsconfig.test.json'],
    ],
  },
  { name: 'lint', commands: [[bin('oxlint'), '--type-aware', '--deny-warnings']] },
  { name: 'format', commands: [[bin('oxfmt'), '--check']] },
  { name: 'unit', vitest: 'client/vitest.config.ts' },
  { name: 'build', commands: [['npm', 'run', '--silent', 'build']] },
  { name: 'size', commands: [[process.execPath, 'client/scripts/size.mjs']], needs: ['build'] },
  { name: 'e2e', vitest: 'e2e/vitest.config.ts', needs: ['build'] },
];

const sum = { passed: 0, failed: 0, skipped: 0 };
const outcome = new Map();
let running;

function run([command, ...args]) {
  return new Promise((resolve) => {
    running = spawn(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
    running.on('error', (error) => {
      console.log(`${command} could not be started: ${error.message}`);
      resolve(false);
    });
    running.on('exit', (code) => resolve(code === 0));
  });
}

async function runCommands(commands) {
  let ok = true;
  for (const command of commands) ok = (await run(command)) && ok;
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

/** Reads vitest's own report. A file that could not even be loaded, or an error outside of any test, is a failure. */
function countTests(reportPath, exitedWell) {
  let report;
  try {
    report = JSON.parse(readFileSync(reportPath, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const skipped = report.numPendingTests + report.numTodoTests;
  const unloaded = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  let failed = report.numFailedTests + unloaded.length;
  if (failed === 0 && !exitedWell) failed = 1;
  if (failed + report.numPassedTests + skipped === 0) failed = 1;
  return { passed: report.numPassedTests, failed, skipped };
}

async function runVitest(name, config) {
  const report = join(scratch, `${name}.json`);
  const args = ['run', '--config', config, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const exitedWell = await run([bin('vitest'), ...args]);
  return countTests(report, exitedWell);
}

async function runStep(step) {
  console.log(`\n== ${step.name} ==`);
  const missing = (step.needs ?? []).filter((name) => outcome.get(name) === false);
  if (missing.length > 0) {
    console.log(`not run, because ${missing.join(' and ')} failed`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  return step.vitest ? runVitest(step.name, step.vitest) : runCommands(step.commands);
}

function chosenSteps(args) {
  const only = args[args.indexOf('--only') + 1];
  if (args.includes('--only')) return STEPS.filter((step) => only?.split(',').includes(step.name));
  return args.includes('--quick') ? STEPS.filter((step) => step.name !== 'e2e') : STEPS;
}

function stop(signal) {
  running?.kill(signal);
  process.exit(1);
}

async function main() {
  const steps = chosenSteps(process.argv.slice(2));
  if (steps.some((step) => step.name === 'e2e') && !ensureBrowser()) return false;
  if (steps.some((step) => step.name === 'unit')) ensureLibtorrent();
  for (const step of steps) {
    const startedAt = performance.now();
    const counts = await runStep(step);
    for (const key of Object.keys(sum)) sum[key] += counts[key];
    outcome.set(step.name, counts.failed === 0);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`${step.name}: ${counts.failed === 0 ? 'ok' : 'FAILED'} in ${seconds} s`);
  }
  const failed = [...outcome].filter(([, ok]) => !ok).map(([name]) => name);
  console.log(failed.length === 0 ? '\nAll steps passed.' : `\nFailed: ${failed.join(', ')}.`);
  console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`);
  return sum.failed === 0;
}

process.on('SIGINT', () => stop('SIGINT'));
process.on('SIGTERM', () => stop('SIGTERM'));
const ok = await main();
await teardown();
process.exitCode = ok ? 0 : 1;
