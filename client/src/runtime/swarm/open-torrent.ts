import type { FilePriority } from '../../api.ts';
import type { TransferSettings } from '../../worker/transfer-settings.ts';
import type { DownloadHandle } from './download-handle.ts';
import type { KnownFiles } from './file-access.ts';
import { prioritiesOf } from './file-selection.ts';
import type { ShareHandle } from './share-handle.ts';
import type { TorrentPeers } from './torrent-peers.ts';
import type { TorrentSession } from './torrent-session.ts';

/** Files that a link selects, as `Magnet` has them; undefined for all. */
type Selection = readonly number[] | undefined;

/** One torrent of this node: its session, its peers, and what the public door gave out of it. */
export class OpenTorrent {
  readonly session: TorrentSession;
  readonly peers: TorrentPeers;
  share: ShareHandle | undefined;
  download: DownloadHandle | undefined;
  /** What a person shared, by the files' indexes: served to the page without asking the worker. */
  sources: ReadonlyMap<number, File> | undefined;
  /** Files that the link of a download selected, until the metadata is here. */
  selected: Selection;
  /** What the person must allow again, of a share of an earlier page. */
  handles: readonly FileSystemFileHandle[] = [];

  constructor(session: TorrentSession, peers: TorrentPeers) {
    this.session = session;
    this.peers = peers;
  }

  /** The files as they are read, whether they were shared or come. */
  get files(): KnownFiles {
    return {
      file: (index) => this.session.summary?.files.find((file) => file.index === index),
      source: (index) => this.sources?.get(index),
    };
  }

  /** It goes on as an earlier page or another tab had it, whatever the link here selected. */
  selectAs({ selected, settings }: { readonly selected: Selection; readonly settings: TransferSettings }): void {
    this.selected = settings.priorities ? undefined : selected;
  }

  /** It is tried again: what is known of it, and what was set or selected for it, is as before. */
  goOnAs(before: OpenTorrent): void {
    this.session.goOnAs(before.session);
    if (this.selected) this.session.setPriorities([]);
    else this.selected = before.selected;
  }

  /**
   * Skips what the link that began the download did not select, once: the priorities for the worker. Undefined when there
   * is nothing to skip, not yet, or not in this tab.
   */
  takeSelection(): FilePriority[] | undefined {
    const { summary, isElsewhere } = this.session;
    if (!this.selected || !summary || isElsewhere) return undefined;
    const priorities = prioritiesOf(this.selected, summary);
    this.selected = undefined;
    if (priorities) this.session.setPriorities(priorities);
    return priorities;
  }
}
