import type { Download, Share, ShareFile } from '../../index.ts';
import { plainText } from '../../../../shared/src/plain-text.ts';
import { plural } from '../view/plural.ts';
import { DetailTabs } from './detail-tabs.tsx';
import { FileList } from './file-list.tsx';
import { PieceBars } from './piece-bars.tsx';
import { SwarmPeers } from './swarm-peers.tsx';
import { TransferInfo } from './transfer-info.tsx';

interface TransferDetailsProps {
  readonly item: Share | Download;
  readonly files: readonly ShareFile[];
  /** What changes how files are fetched; undefined for what is all here, or what another tab fetches. */
  readonly download?: Download | undefined;
  readonly canSave: boolean;
  /** Its media can be played now, as far as it is here and beyond. */
  readonly canPlay: boolean;
}

/** What an opened row shows: where the pieces are, the files, the peers, and what the torrent is. */
export function TransferDetails({ item, files, download, canSave, canPlay }: TransferDetailsProps) {
  const peers = item.peers();
  const hasMedia = files.some(({ mediaType }) => mediaType !== undefined);
  return (
    <>
      <PieceBars map={item.pieces()} />
      <DetailTabs
        label={`About ${plainText(item.name)}`}
        first={files.length !== 1 || hasMedia ? 'files' : 'peers'}
        tabs={[
          {
            id: 'files',
            label: files.length === 0 ? 'Files' : plural(files.length, 'file'),
            content: () => (
              <FileList
                files={files}
                canSave={canSave}
                download={download}
                player={canPlay && hasMedia ? item : undefined}
                trouble={item.error?.code}
                revision={{}}
              />
            ),
          },
          {
            id: 'peers',
            label: plural(peers.length, 'peer'),
            content: () => <SwarmPeers peers={peers} />,
          },
          { id: 'info', label: 'Details', content: () => <TransferInfo item={item} /> },
        ]}
      />
    </>
  );
}
