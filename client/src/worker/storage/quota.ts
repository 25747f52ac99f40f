import { STORAGE_HEADROOM_BYTES } from '../../../../shared/src/limits/storage.ts';
import { formatBytes } from './memory.ts';
import { StorageError } from './types.ts';

/** Throws `storage-full` when the browser says that `needed` more bytes do not fit. A browser that will not say is trusted. */
export async function requireRoom(needed: number): Promise<void> {
  const estimate = await navigator.storage.estimate().catch(() => undefined);
  if (estimate?.quota === undefined || estimate.usage === undefined) return;
  const free = Math.max(0, estimate.quota - estimate.usage);
  if (needed + STORAGE_HEADROOM_BYTES <= free) return;
  throw new StorageError(
    'storage-full',
    `This download needs ${formatBytes(needed)}, and the browser has ${formatBytes(free)} left for this page. ` +
      'Nothing was lost. Free some space or remove another download, then press resume.',
  );
}
