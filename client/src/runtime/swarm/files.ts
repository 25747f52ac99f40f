import { type FilePriority, type ShareFile, SkeinError } from '../../api.ts';
import type { FileSummary, TorrentSummary } from '../../worker/protocol.ts';

/** What is known of files while they come. */
interface FileProgress {
  /** By the files' indexes; absent ones are `normal`. */
  readonly priorities: readonly FilePriority[];
  doneBytesOf(file: FileSummary): number;
}

/** The files of a torrent for the public door; `open` gives the content of the torrent's file with that index. */
export function shareFiles(
  summary: TorrentSummary,
  progress: FileProgress,
  open: (index: number) => Promise<Blob>,
): readonly ShareFile[] {
  return summary.files.map((file) => ({
    path: file.path,
    size: file.size,
    get priority() {
      return progress.priorities[file.index] ?? 'normal';
    },
    get doneBytes() {
      return progress.doneBytesOf(file);
    },
    blob: () => open(file.index),
    stream: () => streamOf(() => open(file.index)),
  }));
}

/** A stream over a blob that is opened with the first read. */
function streamOf(open: () => Promise<Blob>): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        reader ??= (await open()).stream().getReader();
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel(reason) {
        await reader?.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
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
