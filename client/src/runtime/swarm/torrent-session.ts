import type { SkeinError } from '../../api.ts';
import type { SwarmPeer, SwarmProgress } from '../../api.ts';
import type { NodeId } from '../../../../shared/src/ids.ts';
import type { InfoHash } from '../../swarm/types.ts';
import { formatMagnet } from '../../swarm/magnet.ts';
import type { TorrentSummary, WorkerReport, WorkerTorrentState } from '../../worker/protocol.ts';
import { Emitter } from '../emitter.ts';

type ProgressReport = Extract<WorkerReport, { kind: 'progress' }>;

interface SessionEvents {
  progress: undefined;
  /** The state, the metadata or the error changed. */
  state: undefined;
}

const NO_PROGRESS: SwarmProgress = {
  doneBytes: 0,
  totalBytes: 0,
  downBytesPerSecond: 0,
  upBytesPerSecond: 0,
  uploadedBytes: 0,
  etaMs: undefined,
  peers: 0,
  sources: 0,
  banned: [],
};

/** What the page knows of one torrent, whether it is shared, downloaded or both. */
export class TorrentSession {
  readonly infoHash: InfoHash;
  readonly events = new Emitter<SessionEvents>();
  readonly #nameOf: (id: NodeId) => string | undefined;
  readonly #magnetName: string;
  readonly #trackers: readonly string[];
  #summary: TorrentSummary | undefined;
  #state: WorkerTorrentState = 'finding';
  #error: SkeinError | undefined;
  #progress: SwarmProgress = NO_PROGRESS;
  #peers: readonly SwarmPeer[] = [];
  #firstByteAt: number | undefined;

  constructor(
    infoHash: InfoHash,
    name: string,
    trackers: readonly string[],
    nameOf: (id: NodeId) => string | undefined,
  ) {
    this.infoHash = infoHash;
    this.#magnetName = name;
    this.#trackers = trackers;
    this.#nameOf = nameOf;
  }

  get name(): string {
    return this.#summary?.name ?? this.#magnetName;
  }

  get magnet(): string {
    return formatMagnet({ infoHash: this.infoHash, name: this.name, trackers: this.#trackers });
  }

  /** Known from the moment that the metadata is here. */
  get summary(): TorrentSummary | undefined {
    return this.#summary;
  }

  get state(): WorkerTorrentState {
    return this.#state;
  }

  get error(): SkeinError | undefined {
    return this.#error;
  }

  get progress(): SwarmProgress {
    return this.#progress;
  }

  /** Wall-clock instant of the first payload byte. [ms] */
  get firstByteAt(): number | undefined {
    return this.#firstByteAt;
  }

  peers(): SwarmPeer[] {
    return [...this.#peers];
  }

  setSummary(summary: TorrentSummary): void {
    if (!summary.torrentFile) return;
    this.#summary = summary;
    if (this.#progress.totalBytes === 0) this.#progress = { ...this.#progress, totalBytes: summary.totalBytes };
    this.events.emit('state', undefined);
  }

  /** Everything is here: the files are a person's own. */
  setShared(summary: TorrentSummary): void {
    const { totalBytes } = summary;
    this.#state = 'seeding';
    this.#error = undefined;
    this.#progress = { ...this.#progress, doneBytes: totalBytes, totalBytes, etaMs: undefined };
    this.setSummary(summary);
  }

  /** Cannot go on by itself. */
  fail(error: SkeinError): void {
    this.#error = error;
    this.#state = 'failed';
    this.events.emit('state', undefined);
  }

  update(report: ProgressReport, error: SkeinError | undefined): void {
    const left = report.totalBytes - report.doneBytes;
    this.#peers = report.peers.map((peer) => ({ ...peer, name: this.#nameOf(peer.id) }));
    this.#progress = {
      doneBytes: report.doneBytes,
      totalBytes: report.totalBytes,
      downBytesPerSecond: report.downBytesPerSecond,
      upBytesPerSecond: report.upBytesPerSecond,
      uploadedBytes: report.uploadedBytes,
      etaMs: report.downBytesPerSecond > 0 && left > 0 ? (1000 * left) / report.downBytesPerSecond : undefined,
      peers: report.peers.length,
      sources: report.peers.filter((peer) => peer.isSource).length,
      banned: report.banned.map((id) => ({ id, name: this.#nameOf(id) })),
    };
    this.#firstByteAt = report.firstByteAt;
    const isChanged = report.state !== this.#state || error?.message !== this.#error?.message;
    this.#state = report.state;
    this.#error = error;
    this.events.emit('progress', undefined);
    if (isChanged) this.events.emit('state', undefined);
  }
}
