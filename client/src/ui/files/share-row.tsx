import { useState } from 'preact/hooks';
import type { Share } from '../../index.ts';
import { syncTransfers } from '../state/transfers.ts';
import { second, useChanges } from '../state/ticker.ts';
import { addressForOthers, pageUrl } from '../state/place.ts';
import { formatBytes, formatRate, plural } from '../view/format.ts';
import { fileLink } from '../view/hash-link.ts';
import { sourcesText } from '../view/transfer-words.ts';
import { Button } from '../widgets/button.tsx';
import { LinkField } from '../widgets/link-field.tsx';
import { FileList } from './file-list.tsx';
import { QrDialog } from './qr-dialog.tsx';
import { RowButton, RowFrame } from './row-frame.tsx';
import { SwarmPeers } from './swarm-peers.tsx';

/** Something this tab shares: what it is, its link, and who takes it. */
export function ShareRow({ share }: { readonly share: Share }) {
  const [hasQr, setQr] = useState(false);
  useChanges(share, ({ soon }) => [share.on('progress', soon)]);
  void second.value;
  const { progress, files, infoHash, name } = share;
  const link = fileLink(pageUrl(), infoHash, name);
  return (
    <RowFrame
      testId="share-row"
      infoHash={infoHash}
      state="sharing"
      icon={files.length > 1 ? 'folder' : 'file'}
      name={name}
      percent={100}
      stateText="Sharing"
      facts={
        <>
          <span>
            {formatBytes(share.totalBytes)}
            {files.length > 1 && ` in ${plural(files.length, 'file')}`}
          </span>
          <span data-testid="row-speed">↑ {formatRate(progress.upBytesPerSecond)}</span>
          <span>{formatBytes(progress.uploadedBytes)} given</span>
          <span data-testid="row-sources">{sourcesText(progress, true)}</span>
        </>
      }
      actions={
        <RowButton
          label="Stop sharing"
          icon="stop"
          testId="stop-button"
          onClick={() => void share.stop().then(syncTransfers)}
        />
      }
      details={() => (
        <>
          <FileList files={files} canSave />
          <SwarmPeers peers={share.peers()} />
        </>
      )}
    >
      <div class="row-extra">
        <LinkField label={`Link to ${name}`} value={link} testId="share-link" copyTestId="copy-link" bare>
          <Button label="Show QR code" icon="qr" iconOnly testId="qr-button" onClick={() => setQr(true)} />
        </LinkField>
      </div>
      {hasQr && (
        <QrDialog name={name} link={fileLink(addressForOthers(), infoHash, name)} onDismiss={() => setQr(false)} />
      )}
    </RowFrame>
  );
}
