import { useState } from 'preact/hooks';
import type { Download, DownloadState } from '../../index.ts';
import { addressForOthers, pageUrl } from '../state/place.ts';
import { syncTransfers } from '../state/transfers.ts';
import { second, useChanges } from '../state/ticker.ts';
import { errorText } from '../view/errors.ts';
import { formatBytes, formatEta, formatRate, percentOf, plural } from '../view/format.ts';
import { fileLink } from '../view/hash-link.ts';
import { bannedSentence, downloadWord, sourcesText } from '../view/transfer-words.ts';
import { Button } from '../widgets/button.tsx';
import { CopyButton } from '../widgets/copy-button.tsx';
import { Icon } from '../widgets/icon.tsx';
import { LinkField } from '../widgets/link-field.tsx';
import { FileList } from './file-list.tsx';
import { QrDialog } from './qr-dialog.tsx';
import { RemoveDialog } from './remove-dialog.tsx';
import { RowButton, RowFrame } from './row-frame.tsx';
import { saveAll } from './saving.ts';
import { SwarmPeers } from './swarm-peers.tsx';

/** Something this tab downloads, or has downloaded and now gives on to others. */
export function DownloadRow({ download }: { readonly download: Download }) {
  const [dialog, setDialog] = useState<'qr' | 'remove' | undefined>();
  useChanges(download, ({ now, soon }) => [download.on('progress', soon), download.on('state', now)]);
  void second.value;
  const { infoHash, name, progress, state } = download;
  const files = download.files();
  const dismiss = (): void => setDialog(undefined);
  return (
    <RowFrame
      testId="download-row"
      infoHash={infoHash}
      state={state}
      icon={files.length > 1 ? 'folder' : 'file'}
      name={name}
      percent={percentOf(progress.doneBytes, progress.totalBytes, state === 'done')}
      stateText={`${downloadWord(download, files.length > 0)}${download.isElsewhere ? ' in another tab' : ''}`}
      facts={<Facts download={download} fileCount={files.length} />}
      actions={<Actions download={download} state={state} show={() => setDialog('remove')} />}
      details={() => (
        <>
          <LinkField label={`Link to ${name}`} value={fileLink(pageUrl(), infoHash, name)} testId="share-link" bare>
            <Button label="Show QR code" icon="qr" iconOnly testId="qr-button" onClick={() => setDialog('qr')} />
          </LinkField>
          <FileList files={files} canSave={state === 'done' || state === 'downloading' || state === 'paused'} />
          <SwarmPeers peers={download.peers()} />
        </>
      )}
    >
      <Trouble download={download} />
      {dialog === 'qr' && (
        <QrDialog name={name} link={fileLink(addressForOthers(), infoHash, name)} onDismiss={dismiss} />
      )}
      {dialog === 'remove' && (
        <RemoveDialog
          name={name}
          onDismiss={dismiss}
          onRemove={() => {
            dismiss();
            void download.remove().then(syncTransfers);
          }}
        />
      )}
    </RowFrame>
  );
}

function Facts({ download, fileCount }: { readonly download: Download; readonly fileCount: number }) {
  const { progress, state } = download;
  const isDone = state === 'done';
  const isMoving = state === 'downloading';
  return (
    <>
      {(progress.totalBytes > 0 || isDone) && (
        <span>
          {isDone ? '' : `${formatBytes(progress.doneBytes)} of `}
          {formatBytes(progress.totalBytes)}
          {fileCount > 1 && ` in ${plural(fileCount, 'file')}`}
        </span>
      )}
      <span data-testid="row-speed">
        {isMoving && `↓ ${formatRate(progress.downBytesPerSecond)}`}
        {isMoving && progress.upBytesPerSecond > 0 && ' '}
        {progress.upBytesPerSecond > 0 && `↑ ${formatRate(progress.upBytesPerSecond)}`}
      </span>
      <span data-testid="row-eta">{isMoving ? formatEta(progress.etaMs) : ''}</span>
      <span data-testid="row-sources">{sourcesText(progress, isDone)}</span>
    </>
  );
}

interface ActionsProps {
  readonly download: Download;
  /** Apart from the download, which stays the same object while its state changes: only a new value draws this anew. */
  readonly state: DownloadState;
  readonly show: () => void;
}

function Actions({ download, state, show }: ActionsProps) {
  const { infoHash, name } = download;
  const [isSaving, setSaving] = useState(false);
  const [problem, setProblem] = useState<string | undefined>();
  const save = (): void => {
    setSaving(true);
    setProblem(undefined);
    saveAll(name, download.files())
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
      {state === 'done' && (
        <Button
          label={isSaving ? 'Saving…' : 'Save'}
          icon="save"
          look="accent"
          testId="save-button"
          disabled={isSaving}
          onClick={save}
        />
      )}
      {(state === 'paused' || state === 'failed') && (
        <RowButton label="Resume" icon="play" testId="resume-button" onClick={() => download.resume()} />
      )}
      {(state === 'finding' || state === 'checking' || state === 'downloading') && (
        <RowButton label="Pause" icon="pause" testId="pause-button" onClick={() => download.pause()} />
      )}
      <CopyButton
        label="Copy link"
        text={() => fileLink(pageUrl(), infoHash, name)}
        iconOnly
        look="quiet"
        testId="copy-link"
      />
      <RowButton label="Remove" icon="trash" testId="remove-button" onClick={show} />
    </>
  );
}

/** Why it cannot go on, and who was dropped. */
function Trouble({ download }: { readonly download: Download }) {
  const banned = bannedSentence(download.progress.banned);
  return (
    <>
      {download.error && (
        <p class="row-extra problem bad" data-testid="row-error" data-code={download.error.code}>
          <Icon name="alert" />
          {download.error.message}
        </p>
      )}
      {banned !== undefined && (
        <p class="row-extra problem" data-testid="row-banned">
          <Icon name="alert" />
          {banned}
        </p>
      )}
    </>
  );
}
