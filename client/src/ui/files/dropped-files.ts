import { MAX_FILES } from '../../../../shared/src/limits/metainfo.ts';

/** Files to be shared together. */
export interface DroppedFiles {
  /** Each with its path in `webkitRelativePath` when it came from a folder. */
  readonly files: readonly File[];
  /** The folder's name; undefined for loose files. */
  readonly name: string | undefined;
  /** Ways back to files after a reload, where the browser gives them. */
  readonly handles?: ReadonlyMap<File, FileSystemFileHandle>;
}

/** Most files that are read from one drop: one more than a share may have shows that these are too many. */
const MAX_READ_FILES = MAX_FILES + 1;

/** What an input element holds. A folder input gives paths that start with the folder's name. */
export function filesOfInput(input: HTMLInputElement): DroppedFiles {
  const files = [...(input.files ?? [])];
  const folder = files[0]?.webkitRelativePath.split('/')[0];
  return { files, name: folder === '' ? undefined : folder };
}

/**
 * What was dropped, folders walked through. Must be called inside the drop event: the list is emptied after it. Rejects
 * with a sentence for people when a part of it cannot be read.
 */
export async function filesOfDrop(transfer: DataTransfer): Promise<DroppedFiles> {
  const items: readonly HandedItem[] = [...transfer.items].filter((item) => item.kind === 'file');
  const handing = items.map((item) => item.getAsFileSystemHandle?.());
  const entries = items.map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const withHandles = await filesOfHandles(handing);
  if (withHandles) return withHandles;
  const files: File[] = [];
  for (const { entry, file } of entries) {
    if (entry?.isDirectory === true) await walk(entry as FileSystemDirectoryEntry, files);
    else if (file && files.length < MAX_READ_FILES) files.push(file);
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
  for (const entry of await reading(path, entriesOf(folder))) {
    if (into.size >= MAX_READ_FILES) return;
    if (entry instanceof FileSystemDirectoryHandle) await walkHandles(entry, `${path}/${entry.name}`, into);
    else if (entry instanceof FileSystemFileHandle) await takeHandle(entry, `${path}/${entry.name}`, into);
  }
}

async function entriesOf(folder: FileSystemDirectoryHandle): Promise<FileSystemHandle[]> {
  const entries: FileSystemHandle[] = [];
  for await (const entry of folder.values()) {
    entries.push(entry);
    if (entries.length >= MAX_READ_FILES) break;
  }
  return entries;
}

/** `path` is empty for a loose file. */
async function takeHandle(
  handle: FileSystemFileHandle,
  path: string,
  into: Map<File, FileSystemFileHandle>,
): Promise<void> {
  if (into.size >= MAX_READ_FILES) return;
  const file = await reading(path || handle.name, handle.getFile());
  into.set(path === '' ? file : withPath(file, path), handle);
}

/** True when files, and not text or a part of the page, are being dragged. */
export function dragsFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') ?? false;
}

/** True when a link of a page, or of the address bar, is being dragged. */
export function dragsLink(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('text/uri-list') ?? false;
}

async function walk(folder: FileSystemDirectoryEntry, into: File[]): Promise<void> {
  const reader = folder.createReader();
  // A reader gives its entries in batches, and an empty one at the end.
  const next = (): Promise<FileSystemEntry[]> => reading(pathOf(folder), readBatch(reader));
  for (let batch = await next(); batch.length > 0; batch = await next()) {
    for (const entry of batch) {
      if (into.length >= MAX_READ_FILES) return;
      const path = pathOf(entry);
      if (entry.isDirectory) await walk(entry as FileSystemDirectoryEntry, into);
      else into.push(withPath(await reading(path, fileOf(entry as FileSystemFileEntry)), path));
    }
  }
}

function pathOf({ fullPath }: FileSystemEntry): string {
  return fullPath.replace(/^\//, '');
}

function readBatch(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  return new Promise((resolve, reject) => reader.readEntries(resolve, reject));
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** What the browser reads of a drop. Where it cannot, the sentence for people names what that was. */
async function reading<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new Error(
      `“${path}” could not be read: it was moved or deleted, or this browser may not read it. Drop the rest without it.`,
      { cause: error },
    );
  }
}

/** Gives a dropped file the path that a folder input would have given it. */
function withPath(file: File, path: string): File {
  Object.defineProperty(file, 'webkitRelativePath', { value: path });
  return file;
}
