import { OPEN_FILE_PATIENCE_MS, OPEN_FILE_RETRY_MS } from '../../../../shared/src/limits/storage.ts';

/** Opens a file for this worker alone. A dying page keeps its handles for a moment after its lock is free. */
export async function openExclusively(file: FileSystemFileHandle): Promise<FileSystemSyncAccessHandle> {
  for (let waited = 0; ; waited += OPEN_FILE_RETRY_MS) {
    try {
      return await file.createSyncAccessHandle();
    } catch (error) {
      const isHeld = error instanceof DOMException && error.name === 'NoModificationAllowedError';
      if (!isHeld || waited >= OPEN_FILE_PATIENCE_MS) throw error;
      await new Promise((resolve) => setTimeout(resolve, OPEN_FILE_RETRY_MS));
    }
  }
}

/** Names of what is in a folder. Rejects when the browser refuses. */
export async function namesIn(folder: FileSystemDirectoryHandle): Promise<string[]> {
  const names: string[] = [];
  for await (const name of folder.keys()) names.push(name);
  return names;
}

/** Length of a file; undefined when there is none. [bytes] */
export async function sizeOf(folder: FileSystemDirectoryHandle, name: string): Promise<number | undefined> {
  try {
    return (await (await folder.getFileHandle(name)).getFile()).size;
  } catch {
    return undefined;
  }
}
