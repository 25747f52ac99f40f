import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Report } from './report.ts';

const CLI = fileURLToPath(new URL('cli.js', import.meta.url));

/** Runs the simulator in a process of its own; `args` end in one run and `--json`. */
export function runApart(args: readonly string[]): Promise<Report> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, CLI, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    child.on('error', reject);
    child.on('close', (code) => {
      // A run with violations exits with 1 and reports all the same.
      if (printed.startsWith('{')) resolve(JSON.parse(printed) as Report);
      else reject(new Error(`The simulator ended with code ${code} and printed no report: ${args.join(' ')}`));
    });
  });
}
