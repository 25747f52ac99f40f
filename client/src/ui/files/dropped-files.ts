/** Files to be shared together. */
export interface DroppedFiles {
  /** Each with its path in `webkitRelativePath` when it came from a folder. */
  readonly files: readonly File[];
  /** The folder's name; undefined for loose files. */
  readonly name: string | undefined;
}

/** Most files of one drop. Beyond it the page would stall listing them; the rest is left out. */
const MAX_FILES = 10_000;

/** What an input element holds. A folder input gives paths that start with the folder's name. */
export function filesOfInput(input: HTMLInputElement): DroppedFiles {
  const files = [...(input.files ?? [])].slice(0, MAX_FILES);
  const folder = files[0]?.webkitRelativePath.split('/')[0];
  return { files, name: folder === '' ? undefined : folder };
}

/** What was dropped, folders walked through. Must be called inside the drop event: the list is emptied after it. */
export async function filesOfDrop(transfer: DataTransfer): Promise<DroppedFiles> {
  const entries = [...transfer.items]
    .filter((item) => item.kind === 'file')
    .map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const files: File[] = [];
  for (const { entry, file } of entries) {
    if (entry?.isDirectory === true) await walk(entry as FileSystemDirectoryEntry, files);
    else if (file && files.length < MAX_FILES) files.push(file);
  }
  const only = entries.length === 1 ? entries[0]?.entry : undefined;
  return { files, name: only?.isDirectory === true ? only.name : undefined };
}

/** True when files, and not text or a part of the page, are being dragged. */
export function dragsFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') ?? false;
}

async function walk(folder: FileSystemDirectoryEntry, into: File[]): Promise<void> {
  const reader = folder.createReader();
  // A reader gives its entries in batches, and an empty one at the end.
  for (let batch = await readBatch(reader); batch.length > 0; batch = await readBatch(reader)) {
    for (const entry of batch) {
      if (into.length >= MAX_FILES) return;
      if (entry.isDirectory) await walk(entry as FileSystemDirectoryEntry, into);
      else into.push(withPath(await fileOf(entry as FileSystemFileEntry), entry.fullPath.replace(/^\//, '')));
    }
  }
}

function readBatch(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  return new Promise((resolve, reject) => reader.readEntries(resolve, reject));
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** Gives a dropped file the path that a folder input would have given it. */
function withPath(file: File, path: string): File {
  Object.defineProperty(file, 'webkitRelativePath', { value: path });
  return file;
}
