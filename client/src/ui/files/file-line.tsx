import { Component } from 'preact';
import type { FilePriority, ShareFile } from '../../index.ts';
import { errorCode, errorText } from '../view/errors.ts';
import { formatBytes, percentOf } from '../view/format.ts';
import { plainText } from '../../../../shared/src/plain-text.ts';
import { Button } from '../widgets/button.tsx';
import { PrioritySelect } from './priority-select.tsx';
import { saveFile } from './saving.ts';

interface FileLineProps {
  readonly file: ShareFile;
  readonly doneBytes: number;
  readonly priority: FilePriority;
  readonly canSave: boolean;
  /** Undefined for what is all here, or what another tab fetches. */
  readonly onPriority: ((file: ShareFile, priority: FilePriority) => void) | undefined;
  /** Plays it; undefined where nothing can be played. */
  readonly onPlay: ((file: ShareFile) => void) | undefined;
}

interface FileLineState {
  readonly problem?: string | undefined;
}

/** One file. Drawn again only when it changed itself: a row is drawn four times a second, and may list hundreds. */
export class FileLine extends Component<FileLineProps, FileLineState> {
  override state: FileLineState = {};

  override shouldComponentUpdate(next: FileLineProps, state: FileLineState): boolean {
    const { file, doneBytes, priority, canSave, onPriority, onPlay } = this.props;
    return (
      next.file !== file ||
      percentOfFile(next) !== percentOfFile({ file, doneBytes }) ||
      next.priority !== priority ||
      next.canSave !== canSave ||
      (next.onPriority === undefined) !== (onPriority === undefined) ||
      (next.onPlay === undefined) !== (onPlay === undefined) ||
      state.problem !== this.state.problem
    );
  }

  override render() {
    const { file, doneBytes, priority, canSave, onPriority, onPlay } = this.props;
    const isHere = doneBytes >= file.size;
    const path = plainText(file.path);
    return (
      <li class="file-line" data-testid="file-line" data-path={file.path} data-priority={priority}>
        <span class="file-path" title={path}>
          {path}
        </span>
        {this.state.problem !== undefined && (
          <span class="field-problem" role="alert">
            {this.state.problem}
          </span>
        )}
        <span class="file-facts">
          {!isHere && <span data-testid="file-percent">{percentOfFile({ file, doneBytes })} % of </span>}
          {formatBytes(file.size)}
        </span>
        {onPriority && !isHere && (
          <PrioritySelect
            label={`Priority of ${path}`}
            testId="file-priority"
            priority={priority}
            onChange={(chosen) => onPriority(file, chosen)}
          />
        )}
        {onPlay && file.mediaType !== undefined && (
          <Button
            label={`Play ${path}`}
            icon="play"
            iconOnly
            look="quiet"
            testId="file-play-button"
            onClick={() => onPlay(file)}
          />
        )}
        {canSave && (
          <Button
            label={`Save ${path}`}
            icon="save"
            iconOnly
            look="quiet"
            disabled={!isHere}
            testId="file-save-button"
            onClick={() => this.#save(file)}
          />
        )}
      </li>
    );
  }

  #save(file: ShareFile): void {
    this.setState({ problem: undefined });
    saveFile(file).catch((error: unknown) => {
      this.setState({ problem: errorCode(error) === 'not-ready' ? 'Not complete yet' : errorText(error) });
    });
  }
}

function percentOfFile({ file, doneBytes }: Pick<FileLineProps, 'file' | 'doneBytes'>): number {
  return percentOf(doneBytes, file.size, doneBytes >= file.size);
}
