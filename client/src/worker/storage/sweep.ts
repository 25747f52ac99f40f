import { DOWNLOAD_LOCK_PATIENCE_MS } from '../../../../shared/src/limits/storage.ts';
import type { InfoHash } from '../../swarm/types.ts';
import { takeLock } from './lock.ts';
import { deleteFolder, listFolders } from './opfs.ts';
import { forgetRecord } from './removals.ts';
import type { ResumeRecords } from './resume.ts';

/**
 * Deletes stored files of which there is no record, not even one that only another version of the page can read: a tab
 * that was killed while it removed a download leaves such. Never rejects.
 */
export async function sweep(records: Pick<ResumeRecords, 'has'>, known: ReadonlySet<string>): Promise<void> {
  for (const name of await listFolders().catch(() => [])) {
    if (known.has(name)) continue;
    const lock = await takeLock(name, DOWNLOAD_LOCK_PATIENCE_MS);
    const isKept = await records.has(name).catch(() => true);
    if (lock && !isKept) await deleteFolder(name);
    lock?.release();
  }
}

/**
 * Deletes what is stored of a download that a person removed and that does not run here: it was removed before and its data
 * kept, or failed to go on. One that runs in another tab is left alone. Never rejects.
 */
export async function deleteIdle(records: Pick<ResumeRecords, 'read' | 'remove'>, infoHash: InfoHash): Promise<void> {
  const isRecorded = async (): Promise<boolean> => (await records.read(infoHash).catch(() => undefined)) !== undefined;
  const lock = (await isRecorded()) ? await takeLock(infoHash, DOWNLOAD_LOCK_PATIENCE_MS) : undefined;
  // Another tab may have removed it.
  if (lock && (await isRecorded())) {
    await deleteFolder(infoHash);
    await forgetRecord(records, infoHash).catch(() => undefined);
  }
  lock?.release();
}
