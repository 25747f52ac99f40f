/** Files to be shared together. */
export interface DroppedFiles {
  /** Each with its path in `webkitRelativePath` when it came from a folder. */
  readonly files: readonly File[];
  /** The folder's name; undefined for loose files. */
  readonly name: string | undefined;
  /** Ways back to files after a reload, where the browser gives them. */
  readonly handles?: ReadonlyMap<File, FileSystemFileHandle>;
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
  const items: readonly HandedItem[] = [...transfer.items].filter((item) => item.kind === 'file');
  const handing = items.map((item) => item.getAsFileSystemHandle?.());
  const entries = items.map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const withHandles = await filesOfHandles(handing);
  if (withHandles) return withHandles;
  const files: File[] = [];
  for (const { entry, file } of entries) {
    if (entry?.isDirectory === true) await walk(entry as FileSystemDirectoryEntry, files);
    else if (file && files.length < MAX_FILES) files.push(file);
  }
  const only = entries.length === 1 ? entries[0]?.entry : undefined;
  return { files, name: only?.isDirectory === true ? only.name : undefined };
}

/** What a drop is in Chromium; TypeScript's DOM library leaves it out. */
type HandedItem = DataTransferItem & { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> };

/** What was dropped, by handles, which outlive the page; undefined where the browser gives none for any of it. */
async function filesOfHandles(
  handing: readonly (Promise<FileSystemHandle | null> | undefined)[],
): Promise<DroppedFiles | undefined> {
  const roots = await Promise.all(handing.map(async (each) => (each ? await each.catch(() => null) : null)));
  const handles = new Map<File, FileSystemFileHandle>();
  for (const root of roots) {
    if (!root) return undefined;
    if (root instanceof FileSystemDirectoryHandle) await walkHandles(root, root.name, handles);
    else if (root instanceof FileSystemFileHandle) await takeHandle(root, '', handles);
  }
  const only = roots.length === 1 ? roots[0] : undefined;
  return { files: [...handles.keys()], name: only?.kind === 'directory' ? only.name : undefined, handles };
}

async function walkHandles(
  folder: FileSystemDirectoryHandle,
  path: string,
  into: Map<File, FileSystemFileHandle>,
): Promise<void> {
  for await (const entry of folder.values()) {
    if (into.size >= MAX_FILES) return;
    if (entry instanceof FileSystemDirectoryHandle) await walkHandles(entry, `${path}/${entry.name}`, into);
    else if (entry instanceof FileSystemFileHandle) await takeHandle(entry, `${path}/${entry.name}`, into);
  }
}

/** `path` is empty for a loose file. */
async function takeHandle(
  handle: FileSystemFileHandle,
  path: string,
  into: Map<File, FileSystemFileHandle>,
): Promise<void> {
  if (into.size >= MAX_FILES) return;
  const file = await handle.getFile();
  into.set(path === '' ? file : withPath(file, path), handle);
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
