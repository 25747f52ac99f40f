import { type ByteRange, type FilePriority, type ShareFile, SkeinError } from '../../api.ts';
import type { FileSummary, TorrentSummary } from '../../worker/protocol.ts';
import type { FileAccess } from './file-access.ts';
import { mediaTypeOf } from './media-type.ts';

/** What is known of files while they come. */
interface FileProgress {
  /** By the files' indexes; absent ones are `normal`. */
  readonly priorities: readonly FilePriority[];
  doneBytesOf(file: FileSummary): number;
}

/** The files of a torrent for the public door. */
export function shareFiles(summary: TorrentSummary, progress: FileProgress, access: FileAccess): readonly ShareFile[] {
  return summary.files.map((file) => ({
    path: file.path,
    size: file.size,
    mediaType: mediaTypeOf(file.path),
    get priority() {
      return progress.priorities[file.index] ?? 'normal';
    },
    get doneBytes() {
      return progress.doneBytesOf(file);
    },
    blob: () => access.open(file.index),
    stream: (range) => access.read(file.index, ...checkedRange(file.size, range)),
    mediaUrl: () => access.mediaUrl(file.index),
  }));
}

/** The first byte, and one past the last, of what is to be read. Throws `bad-argument` for what is no range of bytes. */
function checkedRange(size: number, { begin = 0, end = size }: ByteRange = {}): [number, number] {
  const isRange = Number.isSafeInteger(begin) && Number.isSafeInteger(end) && begin >= 0 && begin <= end;
  if (!isRange) throw new SkeinError('bad-argument', 'A range of bytes begins at 0 or later and ends behind that.');
  return [Math.min(begin, size), Math.min(end, size)];
}

/** The torrent file as something to save. */
export function torrentBlob(summary: TorrentSummary | undefined): Blob {
  const bytes = summary?.torrentFile;
  if (!bytes) throw new SkeinError('not-ready', 'The torrent file is not known yet. Wait for the first peer.');
  return new Blob([new Uint8Array(bytes)], { type: 'application/x-bittorrent' });
}

/**
 * How a person's choice of files becomes a torrent: its name, and paths below it. A chosen folder gives its name;
 * one file gives its own; several loose files are counted.
 */
export function nameFiles(
  files: readonly File[],
  wanted: string | undefined,
): { readonly name: string; readonly files: readonly { readonly path: string; readonly file: File }[] } {
  const paths = files.map((file) => (file.webkitRelativePath || file.name).split('/').filter((part) => part !== ''));
  const folder = paths[0]?.[0];
  const isFolder = folder !== undefined && paths.every((path) => path.length > 1 && path[0] === folder);
  const only = files.length === 1 && !isFolder ? files[0] : undefined;
  const name = wanted || (isFolder ? folder : undefined) || only?.name || `${files.length} files`;
  return {
    name,
    files: files.map((file, i) => ({ path: (isFolder ? paths[i]?.slice(1) : paths[i])?.join('/') || file.name, file })),
  };
}
