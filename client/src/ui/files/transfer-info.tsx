import type { ComponentChildren } from 'preact';
import { useReducer } from 'preact/hooks';
import type { Download, Share } from '../../index.ts';
import { formatBytes } from '../view/format.ts';
import { plainText } from '../../../../shared/src/plain-text.ts';
import { plural } from '../view/plural.ts';
import { trackerText, webSeedText } from '../view/transfer-words.ts';
import { Button } from '../widgets/button.tsx';
import { LinkField } from '../widgets/link-field.tsx';
import { LimitFields } from './limit-fields.tsx';
import { saveBlob } from './saving.ts';

/** What a torrent says of itself, its magnet link, and the limits of this one, unless another tab has them. */
export function TransferInfo({ item }: { readonly item: Share | Download }) {
  const info = item.info();
  const trackers = item.trackers();
  const isElsewhere = 'isElsewhere' in item && item.isElsewhere;
  // Without it a field would show the limit of before until the row is drawn for another reason.
  const [, drawAgain] = useReducer((times: number, _: void) => times + 1, 0);
  return (
    <div class="transfer-info">
      {!isElsewhere && (
        <LimitFields
          legend="Speed limits of this one"
          limits={item.limits}
          onChange={(limits) => {
            item.setLimits(limits);
            drawAgain();
          }}
        />
      )}
      <dl class="facts">
        <Fact name="Info-hash">
          <code>{item.infoHash}</code>
        </Fact>
        {info?.infoHashV2 !== undefined && (
          <Fact name="Info-hash, version 2">
            <code>{info.infoHashV2}</code>
          </Fact>
        )}
        {info && <Fact name="Pieces">{`${plural(info.pieceCount, 'piece')} of ${formatBytes(info.pieceLength)}`}</Fact>}
        {info?.createdBy !== undefined && <Fact name="Made with">{plainText(info.createdBy)}</Fact>}
        <Fact name="Trackers">
          {trackers.length > 0
            ? trackers.map((tracker) => (
                <div key={tracker.url} data-testid="tracker" data-state={tracker.state}>
                  {plainText(tracker.url)}
                  {trackerText(tracker)}
                </div>
              ))
            : info?.isPrivate === true
              ? 'that of this server alone, as the torrent is private'
              : 'none: peers are found through the network'}
        </Fact>
        {item.progress.webSeeds.length > 0 && (
          <Fact name="Web seeds">
            {item.progress.webSeeds.map((seed) => (
              <div key={seed.url} data-testid="web-seed" data-state={seed.state}>
                {plainText(seed.url)} · {webSeedText(seed)}
              </div>
            ))}
          </Fact>
        )}
      </dl>
      <LinkField label="Magnet link, for BitTorrent programs" value={item.magnet} testId="magnet-link">
        {info && (
          <Button
            label="Save the torrent file"
            icon="save"
            iconOnly
            testId="torrent-file-button"
            onClick={() => saveBlob(item.torrentFile(), `${item.name}.torrent`)}
          />
        )}
      </LinkField>
    </div>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
