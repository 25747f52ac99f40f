import { shortPieces } from '../swarm/hash-trees.ts';
import { refusalText } from '../swarm/metainfo-error.ts';
import { decodeTorrentFile, pieceCountOf, pieceLengthOf, underInfoHash } from '../swarm/metainfo.ts';
import { type TorrentOrigin, mergeOrigins, originOf } from '../swarm/torrent-origin.ts';
import type { FilePriority, InfoHash, Metainfo } from '../swarm/types.ts';
import type { PieceSet } from './bitfield.ts';
import type { TorrentProgress } from './checkpoints.ts';
import { WorkerError } from './errors.ts';
import type { DownloadSource } from './protocol.ts';
import type { ResumeRecord } from './storage/resume.ts';
import { ALL_WANTED, type WantedFiles } from './storage/types.ts';
import type { TransferSettings } from './transfer-settings.ts';

/** A download as it is about to start. */
export interface DownloadPlan extends TorrentOrigin {
  readonly infoHash: InfoHash;
  readonly name: string;
  /** Files that its link selected, as `Magnet` has them; undefined for all. */
  readonly selected: readonly number[] | undefined;
  readonly metainfo: Metainfo | undefined;
}

export function planOf(metainfo: Metainfo): DownloadPlan {
  const { infoHash, name, trackers } = metainfo;
  return { infoHash, name, trackers, webSeeds: [], selected: undefined, metainfo };
}

/** What a person asked for. Throws `bad-metainfo` for a torrent file that is refused, or of another swarm than it names. */
export function planDownload(source: DownloadSource): DownloadPlan {
  if (source.kind === 'magnet') return { ...source, metainfo: undefined };
  const decoded = decodeTorrentFile(source.bytes);
  if (!decoded.ok) throw new WorkerError('bad-metainfo', refusalText(decoded.error));
  const metainfo = underInfoHash(decoded.value, source.infoHash);
  if (metainfo) return planOf(metainfo);
  throw new WorkerError('bad-metainfo', 'This torrent file is of another torrent.');
}

/** What an earlier page left. */
export function planResume(record: ResumeRecord): DownloadPlan {
  const { infoHash, name, selected, torrentFile } = record;
  const metainfo = torrentFile && recordedMetainfo(infoHash, torrentFile);
  return { infoHash, name, ...originOf(record), selected, metainfo };
}

/** The same plan with what a record of it knows. */
export function completePlan(plan: DownloadPlan, record: ResumeRecord | undefined): DownloadPlan {
  const metainfo = plan.metainfo ?? (record?.torrentFile && recordedMetainfo(record.infoHash, record.torrentFile));
  const known = { ...plan, metainfo, name: metainfo?.name ?? plan.name };
  if (!record) return known;
  return withOrigin({ ...known, ...originOf(record), selected: selectedOf(plan, record) }, plan);
}

/**
 * A record of what a link asks for, as it begins with that. One that was in the list goes on as it was. One that was
 * removed with its data kept is wanted anew: as the link selects, if it does.
 */
export function askedRecord(plan: DownloadPlan, record: ResumeRecord): ResumeRecord {
  if (!record.isParked) return record;
  const settings = plan.selected ? { ...record.settings, priorities: undefined } : record.settings;
  return { ...record, selected: selectedOf(plan, record), settings, isPaused: false, refusal: undefined };
}

/** What another link to a refused torrent makes of its plan. */
export function retryPlan(before: DownloadPlan, asked: DownloadPlan): DownloadPlan {
  return withOrigin({ ...before, selected: asked.selected ?? before.selected }, asked);
}

/** A download goes on with what its own link selected, whatever a later one does, unless it was removed meanwhile. */
function selectedOf({ selected }: DownloadPlan, record: ResumeRecord): readonly number[] | undefined {
  return record.isParked ? (selected ?? record.selected) : record.selected;
}

/** The same plan with what another link says; itself when that is nothing new. A private torrent takes no other's word. */
export function withOrigin(plan: DownloadPlan, origin: TorrentOrigin): DownloadPlan {
  const merged = plan.metainfo?.isPrivate ? plan : mergeOrigins(plan, origin);
  return merged === plan ? plan : { ...plan, ...merged };
}

/**
 * Which files are wanted: by their priorities once they have some, before that those that the link selected. A link that
 * selects no file of the torrent means all.
 */
export function wantedFiles(
  { files, version }: Metainfo,
  priorities: readonly FilePriority[] | undefined,
  selected: readonly number[] | undefined,
): WantedFiles {
  if (priorities) return (file) => priorities[file] !== 'skip';
  const named = new Set(selected);
  const chosen = new Set<number>();
  // The padding of a v2 torrent is not in its own list, by which links count.
  let place = 0;
  for (const [index, { isPadding }] of files.entries()) {
    if (isPadding) continue;
    if (named.has(version === 'v2' ? place : index)) chosen.add(index);
    place++;
  }
  return chosen.size > 0 ? (file) => chosen.has(file) : ALL_WANTED;
}

export function knownMetainfo(torrentFile: Uint8Array): Metainfo | undefined {
  const decoded = decodeTorrentFile(torrentFile);
  return decoded.ok ? decoded.value : undefined;
}

/** What a record has of its own swarm's torrent. */
export function recordedMetainfo(infoHash: InfoHash, torrentFile: Uint8Array): Metainfo | undefined {
  const metainfo = knownMetainfo(torrentFile);
  return metainfo && underInfoHash(metainfo, infoHash);
}

export function pieceCount(metainfo: Metainfo): number {
  return pieceCountOf(metainfo.totalLength, metainfo.pieceLength);
}

/** Content of these pieces, without padding. [bytes] */
export function lengthOf(metainfo: Metainfo, pieces: PieceSet): number {
  const short = shortPieces(metainfo);
  return pieces.pieces().reduce((sum, piece) => sum + (short.get(piece) ?? pieceLengthOf(metainfo, piece)), 0);
}

/** What of a running download survives the page. */
export function recordOf(
  plan: DownloadPlan,
  progress: TorrentProgress,
  torrentFile: Uint8Array | undefined,
  settings: TransferSettings,
  uploadedBytes: number,
  generation: number,
): ResumeRecord {
  return {
    infoHash: plan.infoHash,
    name: progress.metainfo?.name ?? plan.name,
    ...originOf(plan),
    selected: plan.selected,
    torrentFile,
    bitfield: progress.bitfield,
    refusal: progress.refusal,
    settings,
    uploadedBytes,
    generation,
    isPaused: progress.isPaused,
    isParked: false,
  };
}
