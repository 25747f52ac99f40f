import type { ShareFile } from '../../index.ts';

/** Above this size several files are written straight into a file that the person picks, not through memory. [bytes] */
const STREAM_ABOVE_BYTES = 256_000_000;

/** A blob's address stays valid this long after the click that saves it. [ms] Generous: browsers may ask first. */
const REVOKE_AFTER_MS = 60_000;

/** The picker of Chromium; other browsers have none. TypeScript's DOM library leaves it out. */
interface SavePicker {
  showSaveFilePicker?: (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;
}

/**
 * Saves one file to the person's disk through the browser's own downloads. The blob lies on disk already, so the
 * browser copies it without passing it through the page.
 */
export async function saveFile(file: ShareFile): Promise<void> {
  saveBlob(await file.blob(), file.path.split('/').at(-1) ?? file.path);
}

/** How many are being saved. */
let underWay = 0;

/** Whether something is being saved: closing the page would cut it off. */
export function isSaving(): boolean {
  return underWay > 0;
}

/** Saves everything: a single file as it is, several as one zip archive. A dismissed picker is no error. */
export async function saveAll(name: string, files: readonly ShareFile[]): Promise<void> {
  underWay++;
  try {
    await save(name, files);
  } finally {
    underWay--;
  }
}

async function save(name: string, files: readonly ShareFile[]): Promise<void> {
  const [only] = files;
  if (files.length === 1 && only) return saveFile(only);
  const zipName = `${name}.zip`;
  const total = files.reduce((sum, file) => sum + file.size, 0);
  const { showSaveFilePicker } = window as SavePicker;
  if (showSaveFilePicker && total > STREAM_ABOVE_BYTES) return streamInto(zipName, files, showSaveFilePicker);
  const zip = await zipOf(files);
  saveBlob(await new Response(zip).blob(), zipName);
}

async function streamInto(
  zipName: string,
  files: readonly ShareFile[],
  pick: (options: { suggestedName: string }) => Promise<FileSystemFileHandle>,
): Promise<void> {
  let handle: FileSystemFileHandle;
  try {
    handle = await pick.call(window, { suggestedName: zipName });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return;
    throw error;
  }
  const zip = await zipOf(files);
  await zip.pipeTo(await handle.createWritable());
}

async function zipOf(files: readonly ShareFile[]): Promise<ReadableStream<Uint8Array>> {
  const { makeZip } = await import('client-zip');
  return makeZip(files.map((file) => ({ name: file.path, size: file.size, input: file.stream() })));
}

/** Hands bytes to the browser’s downloads under a name. */
export function saveBlob(blob: Blob, name: string): void {
  const anchor = document.createElement('a');
  anchor.href = URL.createObjectURL(blob);
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), REVOKE_AFTER_MS);
}
