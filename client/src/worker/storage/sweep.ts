import { parseNodeId } from '../../../../shared/src/ids.ts';
import { DOWNLOAD_LOCK_PATIENCE_MS } from '../../../../shared/src/limits/storage.ts';
import { takeLock } from './lock.ts';
import { deleteFolder, listFolders } from './opfs.ts';
import type { ResumeRecords } from './resume.ts';

/** Deletes stored files that no record knows: a tab that was killed while it removed a download leaves such. Never rejects. */
export async function sweep(records: ResumeRecords, known: ReadonlySet<string>): Promise<void> {
  for (const name of await listFolders().catch(() => [])) {
    if (known.has(name)) continue;
    const lock = await takeLock(name, DOWNLOAD_LOCK_PATIENCE_MS);
    const infoHash = parseNodeId(name);
    const record = infoHash && (await records.read(infoHash).catch(() => undefined));
    if (lock && !record) await deleteFolder(name);
    lock?.release();
  }
}
