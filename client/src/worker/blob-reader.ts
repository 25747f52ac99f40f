import { READ_CHUNK_BYTES } from '../../../shared/src/limits/storage.ts';
import { type ReadPort, type ReadRange, fail } from './content-readers.ts';

/** Has `port` read a part of a file that is all here, chunk by chunk as it asks. `open` gives the file. */
export function readBlob(open: () => Promise<Blob>, { begin, end }: ReadRange, port: ReadPort): void {
  let opening: Promise<Blob> | undefined;
  let at = begin;
  const send = async (): Promise<void> => {
    opening ??= open();
    const part = (await opening).slice(at, Math.min(end, at + READ_CHUNK_BYTES));
    if (part.size === 0) {
      port.postMessage({ kind: 'end' });
      port.close();
      return;
    }
    at += part.size;
    const bytes = new Uint8Array(await part.arrayBuffer());
    port.postMessage({ kind: 'chunk', bytes }, [bytes.buffer]);
  };
  port.onmessage = ({ data }) => {
    if (data.kind === 'cancel') port.close();
    else send().catch((error: unknown) => fail(port, error));
  };
}
