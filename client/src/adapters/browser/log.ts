import type { Log, LogLevel } from '../../ports/log.ts';

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Writes lines of at least `least` to the console, where the developer tools can filter them. */
export function createLog(least: LogLevel = 'warn'): Log {
  return {
    log(level, event, fields) {
      if (RANK[level] < RANK[least]) return;
      if (fields) console[level](`skein: ${event}`, fields);
      else console[level](`skein: ${event}`);
    },
  };
}

/** Drops every line. */
export const silentLog: Log = { log: () => undefined };
