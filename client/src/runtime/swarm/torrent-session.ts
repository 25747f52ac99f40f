import type {
  FilePriority,
  PeerSource,
  PieceMap,
  RateLimits,
  SkeinError,
  SwarmPeer,
  SwarmProgress,
  TorrentInfo,
} from '../../api.ts';
import { countStored } from './piece-counts.ts';
import { NO_PROGRESS, progressOf } from './swarm-progress.ts';
import { flagsOf } from './peer-flags.ts';
import { BoundedMap } from '../../../../shared/src/bounded-map.ts';
import type { NodeId } from '../../../../shared/src/ids.ts';
import { BLOCK_BYTES } from '../../../../shared/src/limits/metainfo.ts';
import type { TorrentStand } from '../../swarm/tracker/message.ts';
import type { InfoHash } from '../../swarm/types.ts';
import { formatMagnet } from '../../swarm/magnet.ts';
import { type PeerKey, isStranger, programOf } from '../../swarm/peer-key.ts';
import type { TorrentOrigin } from '../../swarm/torrent-origin.ts';
import type { TorrentSummary, WorkerPeer, WorkerReport, WorkerTorrentState } from '../../worker/protocol.ts';
import type { ShareWait } from '../../worker/storage/kept-files.ts';
import type { TransferSettings } from '../../worker/transfer-settings.ts';
import { Emitter } from '../emitter.ts';
import { TorrentPlaces } from './torrent-places.ts';

type ProgressReport = Extract<WorkerReport, { kind: 'progress' }>;

interface SessionEvents {
  progress: undefined;
  /** The state, the metadata or the error changed. */
  state: undefined;
}

const NO_PIECES: PieceMap = { count: 0, stored: new Uint8Array(0), availability: new Uint8Array(0) };

/** Peers whose source is remembered. The one named longest ago is forgotten first, and counts as linked anyway. */
const MAX_NAMED_PEERS = 400;

/** What a torrent's page side needs of the node and its worker. */
export interface SessionHost {
  nameOf(id: NodeId): string | undefined;
  /** The next report is to hold the map of the pieces. */
  askPieces(): void;
  /** Closes the channel of a peer that is of no use. */
  dropPeer(peer: PeerKey): void;
}

/** What the page knows of one torrent, whether it is shared, downloaded or both. */
export class TorrentSession {
  readonly infoHash: InfoHash;
  readonly events = new Emitter<SessionEvents>();
  readonly #host: SessionHost;
  readonly #magnetName: string;
  readonly places: TorrentPlaces;
  #state: WorkerTorrentState = 'finding';
  #error: SkeinError | undefined;
  #progress: SwarmProgress = NO_PROGRESS;
  #peers: readonly SwarmPeer[] = [];
  #firstByteAt: number | undefined;
  #isComplete = false;
  #isElsewhere = false;
  #isKept = false;
  #waitsFor: ShareWait | undefined;
  /** The program that made the torrent, when a torrent file said so. */
  createdBy: string | undefined;
  /** Peers come from trackers alone (BEP 27). A torrent file and a record of it say so before the metadata is here. */
  isPrivate = false;
  /** Of the torrent's files by index, padding included; empty while all are `normal`. BOUNDED: by MAX_FILES. */
  #priorities: readonly FilePriority[] = [];
  /** Limits of this one, and whether pieces are asked for in order, as the person set them. */
  limits: RateLimits = {};
  isSequential = false;
  #isSuperSeeding = false;
  #pieces: PieceMap = NO_PIECES;
  #isAsking = false;
  /** Who named a peer first. BOUNDED: by MAX_NAMED_PEERS. */
  readonly #sources = new BoundedMap<NodeId, PeerSource>(MAX_NAMED_PEERS);

  constructor(infoHash: InfoHash, name: string, origin: TorrentOrigin, host: SessionHost) {
    this.infoHash = infoHash;
    this.#magnetName = name;
    this.places = new TorrentPlaces(infoHash, origin);
    this.#host = host;
  }

  get name(): string {
    return this.places.summary?.name ?? this.#magnetName;
  }

  get magnet(): string {
    const { infoHashV1: infoHash, all } = this.places;
    return formatMagnet({ infoHash, name: this.name, ...all });
  }

  /** Known from the moment that the metadata is here. */
  get summary(): TorrentSummary | undefined {
    return this.places.summary;
  }

  get state(): WorkerTorrentState {
    return this.#state;
  }

  /** Nothing that is wanted is missing, whether it is served now or paused. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Why a share of an earlier page is not served. */
  get waitsFor(): ShareWait | undefined {
    return this.#waitsFor;
  }

  setWait(wait: ShareWait | undefined): void {
    this.#waitsFor = wait;
    this.events.emit('progress', undefined);
  }

  /** Another tab of this profile carries it out: this one only shows it. */
  get isElsewhere(): boolean {
    return this.#isElsewhere;
  }

  /** What is stored is on disk, and stays when the torrent is removed so. */
  get isKept(): boolean {
    return this.#isKept;
  }

  get isPaused(): boolean {
    return this.#state === 'paused';
  }

  get priorities(): readonly FilePriority[] {
    return this.#priorities;
  }

  /** As trackers are told. What is unknown before the metadata is here counts as something that is missing. */
  get stand(): TorrentStand {
    const { uploadedBytes, doneBytes, totalBytes, leftBytes } = this.#progress;
    const left = this.#state === 'seeding' ? 0 : totalBytes === 0 ? BLOCK_BYTES : Math.max(1, leftBytes);
    return { uploaded: uploadedBytes, downloaded: doneBytes, left };
  }

  /** Trackers that the torrent or a link to it names. */
  get trackers(): readonly string[] {
    return this.places.all.trackers;
  }

  /** Nobody is its peer but whom its own trackers introduce (BEP 27). */
  get isOwnTrackersAlone(): boolean {
    return this.isPrivate && this.places.ownTrackers.length > 0;
  }

  /** Its torrent file says where it is to be had: that of a private torrent, too. */
  takeFile(origin: TorrentOrigin): void {
    this.places.takeFile(origin);
    this.addOrigin(origin);
    this.events.emit('progress', undefined);
  }

  /** Another link says where else it is to be had. A private torrent takes no other's word. False when nothing is new. */
  addOrigin(origin: TorrentOrigin): boolean {
    if (this.isPrivate || !this.places.add(origin)) return false;
    this.events.emit('progress', undefined);
    return true;
  }

  setPriorities(priorities: readonly FilePriority[]): void {
    this.#priorities = priorities;
    this.events.emit('progress', undefined);
  }

  /** An earlier page set this. */
  settle({ limits, priorities, isSequential, isSuperSeeding }: TransferSettings): void {
    if (limits) this.limits = limits;
    if (isSequential !== undefined) this.isSequential = isSequential;
    if (isSuperSeeding !== undefined) this.#isSuperSeeding = isSuperSeeding;
    if (priorities) this.setPriorities(priorities);
  }

  /** What a person has set, as `settle` takes it. */
  get settings(): TransferSettings {
    const { limits, isSequential, priorities, isSuperSeeding } = this;
    return {
      ...((limits.down !== undefined || limits.up !== undefined) && { limits }),
      ...(priorities.length > 0 && { priorities }),
      ...(isSequential && { isSequential }),
      ...(isSuperSeeding && { isSuperSeeding }),
    };
  }

  /** It is an earlier one of the same torrent, which is tried again: what was known and set of that holds here. */
  goOnAs(before: TorrentSession): void {
    this.settle(before.settings);
    this.createdBy ??= before.createdBy;
    this.isPrivate ||= before.isPrivate;
    this.places.goOnAs(before.places, before.isPrivate);
  }

  get isSuperSeeding(): boolean {
    return this.#isSuperSeeding;
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

  /** Sources that gave something of late. One that does not may never, and may have nothing but said so. */
  get givers(): number {
    return this.#peers.filter(({ isSource, downBytesPerSecond }) => isSource && downBytesPerSecond > 0).length;
  }

  dropPeer(peer: PeerKey): void {
    this.#host.dropPeer(peer);
  }

  /** The newest map; has the next one follow. */
  pieces(): PieceMap {
    if (!this.#isAsking && this.places.summary) {
      this.#isAsking = true;
      this.#host.askPieces();
    }
    return this.#pieces;
  }

  info(): TorrentInfo | undefined {
    const summary = this.places.summary;
    if (!summary) return undefined;
    const { infoHashV2, pieceLength, pieceCount, isPrivate } = summary;
    const { createdBy, places } = this;
    const { infoHashV1: infoHash } = places;
    const { trackers, webSeeds } = places.all;
    return { infoHash, infoHashV2, pieceLength, pieceCount, createdBy, trackers, webSeeds, isPrivate };
  }

  /** Verified bytes of a file, whose place in the run of all files is given, as of the newest map. */
  doneBytesOf({ offset, size }: { readonly offset: number; readonly size: number }): number {
    const { doneBytes, totalBytes } = this.#progress;
    if (totalBytes > 0 && doneBytes === totalBytes) return size;
    return countStored(this.pieces(), this.places.summary?.pieceLength ?? 1, offset, size);
  }

  /** `source` named the peer; who named it first counts. */
  noteSource(peer: NodeId, source: PeerSource): void {
    if (!this.#sources.has(peer)) this.#sources.set(peer, source);
  }

  /** Forgets whom the overlay or other peers named, and says who that was. */
  forgetNamed(): NodeId[] {
    const named = [...this.#sources.entries()].filter(([, source]) => source === 'overlay' || source === 'exchange');
    for (const [peer] of named) this.#sources.delete(peer);
    return named.map(([peer]) => peer);
  }

  setSummary(summary: TorrentSummary): void {
    if (!summary.torrentFile) return;
    this.places.summary = summary;
    this.isPrivate = summary.isPrivate;
    if (this.#progress.totalBytes === 0)
      this.#progress = { ...this.#progress, totalBytes: summary.totalBytes, leftBytes: summary.totalBytes };
    this.events.emit('state', undefined);
  }

  /** Everything is here: the files are a person's own. */
  setShared(summary: TorrentSummary): void {
    const { totalBytes } = summary;
    this.#state = 'seeding';
    this.#isComplete = true;
    this.#isElsewhere = false;
    this.#waitsFor = undefined;
    this.#error = undefined;
    this.#progress = { ...this.#progress, doneBytes: totalBytes, totalBytes, leftBytes: 0, etaMs: undefined };
    this.setSummary(summary);
  }

  /** A download begins, of which nothing is here. */
  beginAnew(): void {
    this.#state = 'finding';
    this.#isComplete = false;
    this.#progress = NO_PROGRESS;
  }

  /** Cannot go on by itself. */
  fail(error: SkeinError): void {
    this.#error = error;
    this.#state = 'failed';
    this.events.emit('progress', undefined);
    this.events.emit('state', undefined);
  }

  update(report: ProgressReport, error: SkeinError | undefined): void {
    this.#peers = report.peers.map((peer) => this.#toPeer(peer));
    if (report.pieces) {
      this.#pieces = report.pieces;
      this.#isAsking = false;
    }
    this.#progress = progressOf(report, (peer) => this.#nameOf(peer));
    this.#firstByteAt = report.firstByteAt;
    const isChanged =
      report.state !== this.#state ||
      report.isComplete !== this.#isComplete ||
      report.isElsewhere !== this.#isElsewhere ||
      error?.message !== this.#error?.message;
    this.#state = report.state;
    this.#isComplete = report.isComplete;
    this.#isElsewhere = report.isElsewhere;
    this.#isKept = report.isKept;
    this.#isSuperSeeding = report.isSuperSeeding;
    this.#error = error;
    this.events.emit('progress', undefined);
    if (isChanged) this.events.emit('state', undefined);
  }

  /** A stranger goes by its program. */
  #nameOf(peer: PeerKey, program?: string): string | undefined {
    return isStranger(peer) ? (program ?? programOf(peer)) : this.#host.nameOf(peer);
  }

  #toPeer(peer: WorkerPeer): SwarmPeer {
    const source = isStranger(peer.id) ? 'webtorrent' : (this.#sources.get(peer.id) ?? 'link');
    return { ...peer, name: this.#nameOf(peer.id, peer.program), source, flags: flagsOf({ ...peer, source }) };
  }
}
