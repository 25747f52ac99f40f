import type { Pipe, PipeHandler } from '../pipe.ts';
import type { OwnBytes } from '../storage/types.ts';

/** One end of a pipe that lives in this process. What is sent arrives in order once the sender's turn is over, as on a channel. */
export class MemoryPipe implements Pipe {
  readonly queuedBytes = 0;
  far: MemoryPipe | undefined;
  tamper: (bytes: OwnBytes) => OwnBytes = (bytes) => bytes;
  #handler: PipeHandler | undefined;
  #isOver = false;

  start(handler: PipeHandler): void {
    this.#handler = handler;
    queueMicrotask(() => handler.open());
  }

  send(bytes: OwnBytes): boolean {
    if (this.#isOver) return false;
    const sent = this.tamper(bytes.slice());
    const { far } = this;
    if (far) queueMicrotask(() => far.#receive(sent));
    return true;
  }

  close(): void {
    this.#isOver = true;
    const { far } = this;
    if (far) queueMicrotask(() => far.#end());
  }

  #receive(bytes: OwnBytes): void {
    if (!this.#isOver) this.#handler?.message(bytes);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handler?.closed();
  }
}
