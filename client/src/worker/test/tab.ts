import { hashToId } from '../../../../shared/src/ids.ts';
import { buildMetainfo, planContent } from '../../swarm/build-metainfo.ts';
import type { InfoHash, Metainfo } from '../../swarm/types.ts';
import { PieceSet } from '../bitfield.ts';
import { pieceCount } from '../download-plan.ts';
import { hashContent, sharedPieceLength } from '../hash-files.ts';
import type { WorkerReport } from '../protocol.ts';
import { OpfsStore } from '../storage/opfs.ts';
import { ReadCache } from '../storage/read-cache.ts';
import { type ResumeRecord, ResumeRecords } from '../storage/resume.ts';
import { ALL_WANTED } from '../storage/types.ts';
import { encodeTorrentFile } from '../../swarm/metainfo.ts';
import type { ProgressReport } from '../tab-news.ts';
import { TorrentTable } from '../torrent-table.ts';

/** The worker of one tab, and what it said to its page. */
export class WorkerTab {
  /** BOUNDED: by the test. */
  readonly reports: WorkerReport[] = [];
  readonly table = new TorrentTable((report) => this.reports.push(report));

  constructor(id = hashToId(Uint8Array.of(1)), storage: 'persistent' | 'memory' = 'persistent') {
    this.table.start(id, storage);
  }

  progress(): ProgressReport[] {
    return this.reports.filter((report) => report.kind === 'progress');
  }

  kinds(): string[] {
    return this.reports.map(({ kind }) => kind);
  }
}

/** The torrent that sharing this file alone makes. */
export async function metainfoOfShared(file: File): Promise<Metainfo> {
  const plan = planContent(file.name, [{ path: [file.name], length: file.size }], sharedPieceLength(file.size));
  return buildMetainfo({ ...plan, ...(await hashContent(plan, [file])), trackers: [], isPrivate: false });
}

/** An earlier page downloaded the file, as far as `pieces` says; all of it by default. */
export async function leaveDownload(
  file: File,
  pieces?: readonly number[],
  change: Partial<ResumeRecord> = {},
): Promise<InfoHash> {
  const metainfo = await metainfoOfShared(file);
  const { infoHash, name, files, pieceLength } = metainfo;
  const store = await OpfsStore.open({
    name: infoHash,
    files,
    pieceLength,
    isWanted: ALL_WANTED,
    cache: new ReadCache(),
  });
  await store.write(0, new Uint8Array(await file.arrayBuffer()));
  const stored = pieces ? new PieceSet(pieceCount(metainfo)) : PieceSet.full(pieceCount(metainfo));
  for (const piece of pieces ?? []) stored.add(piece);
  store.recorded(() => true);
  await store.close();
  await new ResumeRecords().write({
    infoHash,
    name,
    trackers: [],
    torrentFile: encodeTorrentFile(metainfo),
    bitfield: stored.toBytes(),
    webSeeds: [],
    selected: undefined,
    refusal: undefined,
    settings: {},
    uploadedBytes: 0,
    generation: 1,
    isPaused: false,
    isParked: false,
    ...change,
  });
  return infoHash;
}
