import type { WorkerErrorCode } from './protocol.ts';
import { StorageError } from './storage/types.ts';

/** A request of the page that cannot be carried out; the message is a sentence for people. */
export class WorkerError extends Error {
  readonly code: WorkerErrorCode;

  constructor(code: WorkerErrorCode, message: string) {
    super(message);
    this.name = 'WorkerError';
    this.code = code;
  }
}

/** Any error as a code and a sentence. */
export function describeError(error: unknown): { readonly code: WorkerErrorCode; readonly message: string } {
  if (error instanceof WorkerError || error instanceof StorageError)
    return { code: error.code, message: error.message };
  const detail = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message: `Something went wrong inside the page (${detail}). Reload it and try again.` };
}
