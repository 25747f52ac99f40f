/** How much a log line matters. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Structured logging: a short event in words, its values as fields. No payloads; ids in short form. */
export interface Log {
  log(level: LogLevel, event: string, fields?: Readonly<Record<string, unknown>>): void;
}
