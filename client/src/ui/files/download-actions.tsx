import { useState } from 'preact/hooks';
import type { Download, DownloadState, SkeinErrorCode } from '../../index.ts';
import { pageUrl } from '../state/place.ts';
import { errorText } from '../view/errors.ts';
import { fileLink } from '../view/hash-link.ts';
import { Button } from '../widgets/button.tsx';
import { CopyButton } from '../widgets/copy-button.tsx';
import { RowButton } from './row-frame.tsx';
import { saveAll } from './saving.ts';

interface DownloadActionsProps {
  readonly download: Download;
  /** Apart from the download, which stays the same object while its state changes: only new values draw this anew. */
  readonly state: DownloadState;
  readonly isPaused: boolean;
  readonly onRemove: () => void;
}

/** What can be done with a download now. */
export function DownloadActions({ download, state, isPaused, onRemove }: DownloadActionsProps) {
  const turn = turnOf(state, isPaused, download.error?.code);
  return (
    <>
      {state === 'done' && <SaveButton download={download} />}
      {turn && <RowButton {...turn} onClick={() => (turn.does === 'pause' ? download.pause() : download.resume())} />}
      <CopyButton
        label="Copy link"
        text={() => fileLink(pageUrl(), download)}
        iconOnly
        look="quiet"
        testId="copy-link"
      />
      <RowButton label="Remove" icon="trash" testId="remove-button" onClick={onRemove} />
    </>
  );
}

const TURNS = {
  pause: { does: 'pause', label: 'Pause', icon: 'pause', testId: 'pause-button' },
  resume: { does: 'resume', label: 'Resume', icon: 'play', testId: 'resume-button' },
  stop: { does: 'pause', label: 'Stop giving it to others', icon: 'stop', testId: 'stop-seeding-button' },
  giveAgain: { does: 'resume', label: 'Give it to others again', icon: 'share', testId: 'seed-again-button' },
} as const;

/** The button that pauses or goes on: one, so that the focus stays on it when it is pressed. None where neither can be. */
function turnOf(
  state: DownloadState,
  isPaused: boolean,
  code: SkeinErrorCode | undefined,
): (typeof TURNS)[keyof typeof TURNS] | undefined {
  switch (state) {
    case 'done':
      return isPaused ? TURNS.giveAgain : TURNS.stop;
    case 'finding':
    case 'checking':
    case 'downloading':
      return TURNS.pause;
    case 'paused':
      return TURNS.resume;
    case 'failed':
      return code === 'bad-metainfo' || code === 'duplicate' ? undefined : TURNS.resume;
    case 'removed':
      return undefined;
  }
}

/** Saves every file that is wanted. */
function SaveButton({ download }: { readonly download: Download }) {
  const [isSaving, setSaving] = useState(false);
  const [problem, setProblem] = useState<string | undefined>();
  const save = (): void => {
    if (isSaving) return;
    setSaving(true);
    setProblem(undefined);
    saveAll(
      download.name,
      download.files().filter(({ priority }) => priority !== 'skip'),
    )
      .catch((error: unknown) => setProblem(errorText(error)))
      .finally(() => setSaving(false));
  };
  return (
    <>
      {problem !== undefined && (
        <span class="field-problem" role="alert">
          {problem}
        </span>
      )}
      <Button label={isSaving ? 'Saving…' : 'Save'} icon="save" look="accent" testId="save-button" onClick={save} />
    </>
  );
}
