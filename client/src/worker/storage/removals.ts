import type { InfoHash } from '../../swarm/types.ts';
import { deleteFolder, folderOf } from './opfs.ts';
import type { ResumeRecord, ResumeRecords } from './resume.ts';
import { StorageError } from './types.ts';

/** In the folder of a torrent, and alone there: it was removed, whatever is recorded. No stored file has such a name. */
const NOTE_NAME = 'removed';

/**
 * Deletes the record of a download that a person removed and whose files are gone. Where the browser refuses, a note beside it
 * says so to the next page. Rejects with `StorageError` when not even that can be written.
 */
export async function forgetRecord(records: Pick<ResumeRecords, 'remove'>, infoHash: InfoHash): Promise<void> {
  try {
    await records.remove(infoHash);
  } catch {
    try {
      await (await folderOf(infoHash, true)).getFileHandle(NOTE_NAME, { create: true });
    } catch (cause) {
      throw new StorageError(
        'storage-failed',
        'The browser let this page delete nothing that it noted of the download, which comes back with the next page. Remove it there again.',
        { cause },
      );
    }
  }
}

/** The record of a download to begin with, whose lock is held. Nothing of one that was removed counts. Rejects with `StorageError`. */
export async function readToBegin(
  records: Pick<ResumeRecords, 'read'>,
  infoHash: InfoHash,
): Promise<ResumeRecord | undefined> {
  const record = await records.read(infoHash);
  if (!record || !(await isNoted(infoHash))) return record;
  // The note, which is not to count against what begins now: that writes over the record.
  await deleteFolder(infoHash);
  return undefined;
}

/** True for a download that was removed, of which as much as the browser allows is deleted now. Its lock is held. */
export async function wasRemoved(records: Pick<ResumeRecords, 'remove'>, infoHash: InfoHash): Promise<boolean> {
  if (!(await isNoted(infoHash))) return false;
  await records.remove(infoHash).then(
    () => deleteFolder(infoHash),
    () => undefined,
  );
  return true;
}

async function isNoted(infoHash: InfoHash): Promise<boolean> {
  try {
    await (await folderOf(infoHash, false)).getFileHandle(NOTE_NAME);
    return true;
  } catch {
    return false;
  }
}
