import { useState } from 'preact/hooks';
import type { ShareFile } from '../../index.ts';
import { errorCode, errorText } from '../view/errors.ts';
import { formatBytes, plural } from '../view/format.ts';
import { Button } from '../widgets/button.tsx';
import { saveFile } from './saving.ts';

/** Most files listed; saving everything at once still takes all. */
const MAX_ROWS = 200;

/** The files of a share or download, each to be saved on its own. */
export function FileList({ files, canSave }: { readonly files: readonly ShareFile[]; readonly canSave: boolean }) {
  if (files.length === 0) return <p class="hint">The list of files comes with the first peer.</p>;
  return (
    <div>
      <h3>{plural(files.length, 'file')}</h3>
      <ul class="file-list">
        {files.slice(0, MAX_ROWS).map((file) => (
          <FileLine key={file.path} file={file} canSave={canSave} />
        ))}
      </ul>
      {files.length > MAX_ROWS && <p class="hint">and {files.length - MAX_ROWS} more</p>}
    </div>
  );
}

function FileLine({ file, canSave }: { readonly file: ShareFile; readonly canSave: boolean }) {
  const [problem, setProblem] = useState<string | undefined>();
  const save = (): void => {
    setProblem(undefined);
    saveFile(file).catch((error: unknown) => {
      setProblem(errorCode(error) === 'not-ready' ? 'Not complete yet' : errorText(error));
    });
  };
  return (
    <li data-testid="file-line" data-path={file.path}>
      <span class="clip" title={file.path}>
        {file.path}
      </span>
      {problem !== undefined && (
        <span class="field-problem" role="alert">
          {problem}
        </span>
      )}
      <span class="number">{formatBytes(file.size)}</span>
      {canSave && (
        <Button
          label={`Save ${file.path}`}
          icon="save"
          iconOnly
          look="quiet"
          testId="file-save-button"
          onClick={save}
        />
      )}
    </li>
  );
}
