import type { FilePriority } from './types.ts';

/** What the owner wants of a torrent, kept from before its metadata is known. */
export interface Wishes {
  /** One for each file; missing ones are `normal`. */
  priorities: readonly FilePriority[];
  isSequential: boolean;
  /** Most payload a second, each way. [bytes/s] */
  downBytesPerSecond: number | undefined;
  upBytesPerSecond: number | undefined;
}

/** What holds while nobody asks for anything else. */
export function usualWishes(): Wishes {
  return {
    priorities: [],
    isSequential: false,
    downBytesPerSecond: undefined,
    upBytesPerSecond: undefined,
  };
}
