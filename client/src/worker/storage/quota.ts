import { STORAGE_HEADROOM_BYTES } from '../../../../shared/src/limits/storage.ts';
import { formatBytes } from './memory.ts';
import { StorageError } from './types.ts';

/** What the browser has left for this origin. [bytes] Undefined when it will not say. */
async function freeBytes(): Promise<number | undefined> {
  const estimate = await navigator.storage.estimate().catch(() => undefined);
  if (estimate?.quota === undefined || estimate.usage === undefined) return undefined;
  return Math.max(0, estimate.quota - estimate.usage);
}

/** Throws `storage-full` when the browser says that `needed` more bytes do not fit. A browser that will not say is trusted. */
export async function requireRoom(needed: number): Promise<void> {
  const free = await freeBytes();
  if (free === undefined || needed + STORAGE_HEADROOM_BYTES <= free) return;
  throw fullDisk(needed, free);
}

/** The error of a download that met a full disk on its way and still needs `needed` bytes of room. */
export async function describeFullDisk(needed: number, cause: StorageError): Promise<StorageError> {
  const free = await freeBytes();
  return free === undefined ? cause : fullDisk(needed, free, cause);
}

function fullDisk(needed: number, free: number, cause?: unknown): StorageError {
  return new StorageError(
    'storage-full',
    `This download needs room for ${formatBytes(needed)} more, and the browser has ${formatBytes(free)} left for this page. ` +
      'What is downloaded so far is kept. Free some space or remove another download, then press resume.',
    { cause },
  );
}
