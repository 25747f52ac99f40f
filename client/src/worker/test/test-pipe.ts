import type { Pipe, PipeHandler } from '../pipe.ts';

/** A pipe whose far end is the test. */
export class TestPipe implements Pipe {
  readonly queuedBytes = 0;
  handler: PipeHandler | undefined;
  isClosed = false;

  start(handler: PipeHandler): void {
    this.handler = handler;
  }

  send(): boolean {
    return true;
  }

  close(): void {
    this.isClosed = true;
  }
}
