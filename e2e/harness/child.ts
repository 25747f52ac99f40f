import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** How long a program may take to say that it is ready. [ms] */
const START_TIMEOUT_MS = 15_000;

/**
 * Resolves once a program has printed something that matches, on either stream; rejects with what it printed when it ends
 * before that, or takes too long, and has ended it then. `hear` is told all that it prints, afterwards, too.
 */
export function printed(
  child: ChildProcess,
  pattern: RegExp,
  hear: (text: string) => void = () => undefined,
): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let output: string | undefined = '';
    const fail = (what: string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`${child.spawnfile} ${what}:\n${output ?? ''}`));
    };
    const timer = setTimeout(() => fail('did not say that it is ready'), START_TIMEOUT_MS);
    const read = (chunk: Buffer): void => {
      hear(chunk.toString());
      if (output === undefined) return;
      output += chunk.toString();
      const match = pattern.exec(output);
      if (!match) return;
      clearTimeout(timer);
      output = undefined;
      resolve(match);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', ({ message }) => fail(`could not be started (${message})`));
    child.once('exit', (code) => fail(`ended with ${code}`));
  });
}

export function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/** Ends a program that still runs, and waits until it has ended. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (!isRunning(child)) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}
