import { useId, useState } from 'preact/hooks';
import type { Share } from '../../index.ts';
import { addressForOthers, pageUrl } from '../state/place.ts';
import { useChanges } from '../state/ticker.ts';
import { syncTransfers } from '../state/transfers.ts';
import { formatBytes, formatRate } from '../view/format.ts';
import { plainText } from '../../../../shared/src/plain-text.ts';
import { plural } from '../view/plural.ts';
import { fileLink } from '../view/hash-link.ts';
import { ratioText, shareWord, sourcesText } from '../view/transfer-words.ts';
import { Button } from '../widgets/button.tsx';
import { LinkField } from '../widgets/link-field.tsx';
import { PlayerPlace } from './player-place.tsx';
import { QrDialog } from './qr-dialog.tsx';
import { RowButton, RowFrame } from './row-frame.tsx';
import { TransferDetails } from './transfer-details.tsx';
import { Needed, Trouble } from './trouble.tsx';

/** Something this tab shares: what it is, its link, and who takes it. */
export function ShareRow({ share }: { readonly share: Share }) {
  const [hasQr, setQr] = useState(false);
  useChanges(share, ({ soon }) => [share.on('progress', soon)]);
  const { files, infoHash, isPaused } = share;
  const name = plainText(share.name);
  const link = fileLink(pageUrl(), share);
  return (
    <RowFrame
      testId="share-row"
      infoHash={infoHash}
      state={isPaused ? 'share-paused' : 'sharing'}
      icon={files.length > 1 ? 'folder' : 'file'}
      name={name}
      percent={100}
      stateText={shareWord(share)}
      facts={<Facts share={share} />}
      actions={
        <>
          {isPaused ? (
            <RowButton label="Resume" icon="play" testId="resume-button" onClick={() => share.resume()} />
          ) : (
            <RowButton label="Pause" icon="pause" testId="pause-button" onClick={() => share.pause()} />
          )}
          <RowButton
            label="Stop sharing"
            icon="stop"
            testId="stop-button"
            onClick={() => void share.stop().then(syncTransfers)}
          />
        </>
      }
      details={() => (
        <>
          <SuperSeed share={share} />
          <TransferDetails item={share} files={files} canSave canPlay={share.waitsFor === undefined} />
        </>
      )}
    >
      <Trouble item={share} />
      <PlayerPlace item={share} />
      <div class="row-extra">
        <LinkField label={`Link to ${name}`} value={link} testId="share-link" copyTestId="copy-link" bare>
          <Button label="Show QR code" icon="qr" iconOnly testId="qr-button" onClick={() => setQr(true)} />
        </LinkField>
      </div>
      {hasQr && <QrDialog name={name} link={fileLink(addressForOthers(), share)} onDismiss={() => setQr(false)} />}
    </RowFrame>
  );
}

/** The choice for whoever has something that nobody else has yet. */
function SuperSeed({ share }: { readonly share: Share }) {
  const hint = useId();
  const hasOther = share.peers().some(({ progress }) => progress === 1);
  return (
    <div>
      <label class="check">
        <input
          type="checkbox"
          data-testid="super-seed"
          checked={share.isSuperSeeding}
          disabled={hasOther || share.waitsFor !== undefined}
          aria-describedby={hint}
          onChange={(event) => share.setSuperSeeding(event.currentTarget.checked)}
        />
        Give each piece once (super-seeding)
      </label>
      <p class="hint" id={hint}>
        {hasOther
          ? 'Somebody else has everything, too: it would only slow others down.'
          : 'Saves your line when many want something that only you have: they get the rest from each other. Ends by itself when somebody else has everything.'}
      </p>
    </div>
  );
}

function Facts({ share }: { readonly share: Share }) {
  const { progress, files } = share;
  return (
    <>
      <span>
        {formatBytes(share.totalBytes)}
        {files.length > 1 && ` in ${plural(files.length, 'file')}`}
      </span>
      <span data-testid="row-speed">↑ {formatRate(progress.upBytesPerSecond)}</span>
      <span>{formatBytes(progress.uploadedBytes)} given</span>
      <span data-testid="row-sources">{sourcesText(progress, true)}</span>
      <span data-testid="row-ratio">{ratioText(progress)}</span>
      {share.info()?.isPrivate === true && (
        <span data-testid="row-private" title="Peers come from trackers alone">
          private
        </span>
      )}
      <Needed item={share} />
    </>
  );
}
