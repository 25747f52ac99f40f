import type { ReadReply, ReadRequest } from '../protocol.ts';

/** The near end of a reader: what it asks goes out, what it is told comes in. */
export interface StreamPort {
  onmessage: ((event: MessageEvent<ReadReply>) => void) | null;
  postMessage(request: ReadRequest): void;
  close(): void;
}

/**
 * What a reader is told, as a stream. `connect` gives its port with the first read, and what comes is asked for a chunk
 * at a time when there is room for it: who does not read holds nothing, here or at the other side. Cancelling the stream
 * ends the reader. `toError` makes what a failure rejects with, and `letGo` closes the port.
 */
export function streamOfPort(
  connect: () => StreamPort,
  toError: (failure: Extract<ReadReply, { kind: 'failure' }>) => Error,
  letGo: (port: StreamPort) => void = (port) => port.close(),
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let port: StreamPort | undefined;
  let answered: () => void = () => undefined;
  const open = (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): StreamPort => {
    const opened = connect();
    opened.onmessage = ({ data }) => {
      if (data.kind === 'chunk') controller.enqueue(data.bytes);
      else {
        if (data.kind === 'end') controller.close();
        else controller.error(toError(data));
        letGo(opened);
      }
      answered();
    };
    return opened;
  };
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull(controller) {
        port ??= open(controller);
        port.postMessage({ kind: 'pull' });
        return new Promise<void>((resolve) => (answered = resolve));
      },
      cancel() {
        port?.postMessage({ kind: 'cancel' });
        if (port) letGo(port);
      },
    },
    { highWaterMark: 0 },
  );
}
