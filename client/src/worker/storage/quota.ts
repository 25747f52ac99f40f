import { ROOM_PROBES } from '../../../../shared/src/limits/storage.ts';
import { formatBytes } from './memory.ts';
import { StorageError } from './types.ts';

/** A file whose length can be tried out; a sync access handle of the origin private file system is one. */
export interface ProbeFile {
  getSize(): number;
  truncate(size: number): void;
}

/**
 * How many of `needed` bytes still fit, found out by trying, to one part in 2^ROOM_PROBES: browsers enforce a quota that
 * `navigator.storage.estimate` does not name (Chromium says 10 GiB more than is used, whatever the disk). The file keeps
 * its length.
 */
export function measureRoom(file: ProbeFile, needed: number): number {
  const before = file.getSize();
  let fits = 0;
  let tooMuch = needed;
  for (let probe = 0; probe < ROOM_PROBES && tooMuch - fits > 1; probe++) {
    const middle = Math.floor((fits + tooMuch) / 2);
    try {
      file.truncate(before + middle);
      fits = middle;
    } catch {
      tooMuch = middle;
    }
  }
  file.truncate(before);
  return fits;
}

/** The error of a download that needs `needed` bytes of room and finds `free`. */
export function fullDisk(needed: number, free: number, cause: unknown): StorageError {
  return new StorageError(
    'storage-full',
    `This download needs room for ${formatBytes(needed)} more, and the browser has ${formatBytes(free)} left for this page. ` +
      'What is downloaded so far is kept. Free some space or remove another download, then press resume.',
    { cause },
  );
}
