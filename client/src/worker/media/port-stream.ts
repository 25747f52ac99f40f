import type { ReadReply, ReadRequest } from '../protocol.ts';

/** The near end of a reader: what it asks goes out, what it is told comes in. */
export interface StreamPort {
  onmessage: ((event: MessageEvent<ReadReply>) => void) | null;
  postMessage(request: ReadRequest): void;
  close(): void;
}

/**
 * What a reader is told on `port`, as a stream. One chunk is asked for at a time, and only when there is room for it: who
 * does not read holds nothing in memory. Cancelling the stream ends the reader. `toError` makes what a failure rejects
 * with.
 */
export function streamOfPort(
  port: StreamPort,
  toError: (failure: Extract<ReadReply, { kind: 'failure' }>) => Error,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let answered: () => void = () => undefined;
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start(controller) {
        port.onmessage = ({ data }) => {
          if (data.kind === 'chunk') controller.enqueue(data.bytes);
          else {
            if (data.kind === 'end') controller.close();
            else controller.error(toError(data));
            port.close();
          }
          answered();
        };
      },
      pull() {
        port.postMessage({ kind: 'pull' });
        return new Promise<void>((resolve) => (answered = resolve));
      },
      cancel() {
        port.postMessage({ kind: 'cancel' });
        port.close();
      },
    },
    { highWaterMark: 0 },
  );
}
