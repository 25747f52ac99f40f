import type { Machine, Millis } from '../../../shared/src/machine.ts';
import type { MetainfoErrorCode } from '../swarm/metainfo-error.ts';
import type { InfoHash, Metainfo, PieceMap, TorrentInput, TorrentOutput, TorrentSnapshot } from '../swarm/types.ts';
import type { PieceSet } from './bitfield.ts';
import type { TorrentProgress } from './checkpoints.ts';
import type { WorkerReport } from './protocol.ts';
import type { ContentStore, StorageError } from './storage/types.ts';

/** The machine of a torrent, as its driver needs it. */
export interface TorrentMachine extends Machine<TorrentInput, TorrentOutput> {
  /** Rates are those of `now`, or of the last input. */
  snapshot(now?: Millis): TorrentSnapshot;
  pieceMap(): PieceMap;
}

/** What a driver starts from and reaches out to. */
export interface DriverSetup {
  readonly infoHash: InfoHash;
  readonly machine: TorrentMachine;
  /** Known at the start, or undefined for a magnet link. */
  readonly metainfo: Metainfo | undefined;
  /** Open, when the metainfo is known and storage could be opened. */
  readonly store: ContentStore | undefined;
  readonly stored: PieceSet | undefined;
  readonly isPaused: boolean;
  /** What is stored outlives the page. */
  readonly isKept: boolean;
  /** Why storage could not be opened, when it could not. */
  readonly error: StorageError | undefined;
  /** Why an earlier page refused the metadata that peers sent it. */
  readonly refusal?: MetainfoErrorCode | undefined;
  /** Rejects with `StorageError`. */
  openStore(metainfo: Metainfo): Promise<ContentStore>;
  /** Records what survives the page; called after a flush. Rejects when nothing would. */
  save(progress: TorrentProgress): Promise<void>;
  report(report: WorkerReport): void;
}
