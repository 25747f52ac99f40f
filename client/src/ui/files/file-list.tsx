import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Download, FilePriority, Share, ShareFile, SkeinErrorCode } from '../../index.ts';
import { play, preparePlaying } from '../state/playing.ts';
import { plural } from '../view/plural.ts';
import { playProblem } from '../view/play-words.ts';
import { noFilesText } from '../view/transfer-words.ts';
import { Button } from '../widgets/button.tsx';
import { focusPlace } from '../widgets/focus-heir.ts';
import { FileLine } from './file-line.tsx';
import { PrioritySelect } from './priority-select.tsx';

/** Files listed at first, and how many more each press shows. A list of all would hold the page up. */
const ROWS = 50;

interface FileListProps {
  readonly files: readonly ShareFile[];
  readonly canSave: boolean;
  /** What changes how they are fetched; undefined for what is all here, or what another tab fetches. */
  readonly download?: Download | undefined;
  /** Whose media can be played; undefined when none can. */
  readonly player?: Share | Download | undefined;
  /** Why it cannot go on, if so. */
  readonly trouble?: SkeinErrorCode | undefined;
  /** Apart from files and download, which stay the same objects while they change: only a new value draws this anew. */
  readonly revision: unknown;
}

/** The files of a share or download: how far each is, how much it is wanted, and to be saved on its own. */
export function FileList({ files, canSave, download, player, trouble }: FileListProps) {
  const [rows, setRows] = useState(ROWS);
  const list = useRef<HTMLUListElement>(null);
  useLayoutEffect(() => {
    // The button went away with the last press: the first file that it brought takes the focus.
    const first = rows > ROWS && rows >= files.length ? list.current?.children[rows - ROWS] : undefined;
    if (first instanceof HTMLElement) focusPlace(first);
  }, [rows]);
  const problem = player && playProblem({ isSecure: isSecureContext, hasServiceWorker: 'serviceWorker' in navigator });
  const isPlayable = player !== undefined && problem === undefined;
  useEffect(() => {
    const first = files.find(({ mediaType, priority }) => mediaType !== undefined && priority !== 'skip');
    if (isPlayable && first) void preparePlaying(first);
  }, [files, isPlayable]);
  if (files.length === 0) return <p class="hint">{noFilesText(trouble)}</p>;
  const set = download && ((file: ShareFile, priority: FilePriority) => download.setPriority(file.path, priority));
  const start = isPlayable ? (file: ShareFile): void => play(player, file) : undefined;
  const rest = files.length - rows;
  return (
    <>
      {download && <Order download={download} files={files} />}
      {problem !== undefined && (
        <p class="hint" data-testid="play-problem">
          {problem}
        </p>
      )}
      <ul ref={list} class="file-list">
        {files.slice(0, rows).map((file) => (
          <FileLine
            key={file.path}
            file={file}
            doneBytes={file.doneBytes}
            priority={file.priority}
            canSave={canSave}
            onPriority={set}
            onPlay={start}
          />
        ))}
      </ul>
      {rest > 0 && (
        <Button
          label={`Show ${Math.min(ROWS, rest)} more of ${plural(rest, 'further file')}`}
          testId="more-files"
          onClick={() => setRows(rows + ROWS)}
        />
      )}
    </>
  );
}

/** What holds for all files of a download. */
function Order({ download, files }: { readonly download: Download; readonly files: readonly ShareFile[] }) {
  const [first] = files;
  const isUniform = files.every(({ priority }) => priority === first?.priority);
  return (
    <div class="file-order">
      <label class="check">
        <input
          type="checkbox"
          data-testid="sequential"
          checked={download.isSequential}
          onChange={(event) => download.setSequential(event.currentTarget.checked)}
        />
        In order, to watch it while it comes
      </label>
      {files.length > 1 && (
        <PrioritySelect
          label="All files"
          testId="all-priority"
          priority={isUniform ? first?.priority : undefined}
          isLabelShown
          onChange={(priority) =>
            download.setPriority(
              files.map((_, index) => index),
              priority,
            )
          }
        />
      )}
    </div>
  );
}
