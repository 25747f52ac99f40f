import { useState } from 'preact/hooks';
import type { Download } from '../../index.ts';
import { addressForOthers, forgetLink, pageUrl } from '../state/place.ts';
import { useChanges } from '../state/ticker.ts';
import { shares, syncTransfers } from '../state/transfers.ts';
import { formatBytes, formatEta, formatRate, percentOf } from '../view/format.ts';
import { plainText } from '../../../../shared/src/plain-text.ts';
import { plural } from '../view/plural.ts';
import { fileLink } from '../view/hash-link.ts';
import { downloadWord, ratioText, sourcesText, wantedBytes } from '../view/transfer-words.ts';
import { Button } from '../widgets/button.tsx';
import { LinkField } from '../widgets/link-field.tsx';
import { DownloadActions } from './download-actions.tsx';
import { PlayerPlace } from './player-place.tsx';
import { QrDialog } from './qr-dialog.tsx';
import { RemoveDialog } from './remove-dialog.tsx';
import { RowFrame } from './row-frame.tsx';
import { TransferDetails } from './transfer-details.tsx';
import { Needed, Trouble } from './trouble.tsx';

/** Something this tab downloads, or has downloaded and now gives on to others. */
export function DownloadRow({ download }: { readonly download: Download }) {
  const [dialog, setDialog] = useState<'qr' | 'remove' | undefined>();
  useChanges(download, ({ now, soon }) => [download.on('progress', soon), download.on('state', now)]);
  const { infoHash, progress, state } = download;
  const name = plainText(download.name);
  const files = download.files();
  const isShared = shares.value.some((share) => share.infoHash === infoHash && !share.waitsFor);
  const dismiss = (): void => setDialog(undefined);
  const askToRemove = (): void => {
    // The rows may be half a second behind the node, and what the question says of a deletion must be so now.
    syncTransfers();
    setDialog('remove');
  };
  return (
    <RowFrame
      testId="download-row"
      infoHash={infoHash}
      state={state}
      icon={files.length > 1 ? 'folder' : 'file'}
      name={name}
      percent={percentOf(progress.doneBytes, wantedBytes(progress), state === 'done')}
      stateText={`${downloadWord(download, files.length > 0)}${download.isElsewhere ? ' in another tab' : ''}`}
      facts={<Facts download={download} />}
      actions={
        <DownloadActions download={download} state={state} isPaused={download.isPaused} onRemove={askToRemove} />
      }
      details={() => (
        <>
          <LinkField label={`Link to ${name}`} value={fileLink(pageUrl(), download)} testId="share-link" bare>
            <Button label="Show QR code" icon="qr" iconOnly testId="qr-button" onClick={() => setDialog('qr')} />
          </LinkField>
          <TransferDetails
            item={download}
            files={files}
            download={download.isElsewhere ? undefined : download}
            canSave={state === 'done' || state === 'downloading' || state === 'paused'}
            canPlay={state === 'done' || (!download.isElsewhere && state !== 'checking' && state !== 'failed')}
          />
        </>
      )}
    >
      <Trouble item={download} />
      <PlayerPlace item={download} />
      {dialog === 'qr' && <QrDialog name={name} link={fileLink(addressForOthers(), download)} onDismiss={dismiss} />}
      {dialog === 'remove' && (
        <RemoveDialog
          name={name}
          storedBytes={download.isKept ? progress.doneBytes : 0}
          keeper={download.isElsewhere ? 'tab' : isShared ? 'share' : undefined}
          onDismiss={dismiss}
          onRemove={(keepData) => {
            dismiss();
            forgetLink(infoHash);
            void download.remove({ keepData }).then(syncTransfers);
          }}
        />
      )}
    </RowFrame>
  );
}

function Facts({ download }: { readonly download: Download }) {
  const { progress, state } = download;
  const isDone = state === 'done';
  const isMoving = state === 'downloading';
  const skipped = download.files().filter(({ priority }) => priority === 'skip').length;
  const wanted = download.files().length - skipped;
  return (
    <>
      {(progress.totalBytes > 0 || isDone) && (
        <span>
          {isDone ? '' : `${formatBytes(progress.doneBytes)} of `}
          {formatBytes(wantedBytes(progress))}
          {(wanted > 1 || skipped > 0) && ` in ${plural(wanted, 'file')}`}
          {skipped > 0 && `, ${skipped} skipped`}
        </span>
      )}
      <span data-testid="row-speed">
        {isMoving && `↓ ${formatRate(progress.downBytesPerSecond)}`}
        {isMoving && progress.upBytesPerSecond > 0 && ' '}
        {progress.upBytesPerSecond > 0 && `↑ ${formatRate(progress.upBytesPerSecond)}`}
      </span>
      <span data-testid="row-eta">{isMoving ? formatEta(progress.etaMs) : ''}</span>
      <span data-testid="row-sources">{sourcesText(progress, isDone)}</span>
      <span data-testid="row-ratio">{ratioText(progress)}</span>
      {download.info()?.isPrivate === true && (
        <span data-testid="row-private" title="Peers come from trackers alone">
          private
        </span>
      )}
      <Needed item={download} />
    </>
  );
}
