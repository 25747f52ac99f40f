import {
  type Download,
  type DownloadOptions,
  type RateLimits,
  type Share,
  type ShareOptions,
  SkeinError,
} from '../../api.ts';
import type { NodeId } from '../../../../shared/src/ids.ts';
import {
  ANNOUNCE_PERIOD_MS,
  MAX_TORRENTS,
  REANNOUNCES_PER_SECOND,
  REANNOUNCE_MS,
} from '../../../../shared/src/limits/storage.ts';
import { randomBelow } from '../../../../shared/src/machine.ts';
import { NO_ORIGIN, type TorrentOrigin, originOf } from '../../swarm/torrent-origin.ts';
import type { InfoHash } from '../../swarm/types.ts';
import type { TorrentSummary } from '../../worker/protocol.ts';
import type { Transfers } from '../calls/host.ts';
import { Emitter } from '../emitter.ts';
import { leftError } from '../left-error.ts';
import type { Link } from '../links/types.ts';
import { allowFiles } from './allow-files.ts';
import { ChannelBroker } from './channel-broker.ts';
import { DownloadHandle } from './download-handle.ts';
import { checkedFiles, checkedTrackers } from './checked-share.ts';
import { DownloadStarts, tooManyTorrents } from './download-starts.ts';
import { Duplicates } from './duplicates.ts';
import { EndingTorrents } from './ending-torrents.ts';
import { FileAccessService } from './file-access.ts';
import { nameFiles } from './files.ts';
import type { SwarmHost } from './host.ts';
import { OpenTorrent } from './open-torrent.ts';
import { OpenTorrents } from './open-torrents.ts';
import { readSource } from './read-source.ts';
import { RefusedPeers } from './refused-peers.ts';
import { ShareHandle } from './share-handle.ts';
import { StrangerPool } from './stranger-pool.ts';
import { TorrentPeers } from './torrent-peers.ts';
import { TorrentSession } from './torrent-session.ts';
import { TotalLimits } from './total-limits.ts';
import type { TransferActions } from './transfer-handle.ts';
import { UnusedLinks } from './unused-links.ts';
import { WorkerClient, type WorkerEvent } from './worker-client.ts';

export interface SwarmServiceEvents {
  share: Share;
  download: Download;
  /** The browser lets nothing be stored: what should have been kept lives in memory. */
  nothingKept: undefined;
}

/** Shares and downloads of a node. The torrents run in a worker; this side finds peers and agrees on channels. */
export class SwarmService implements Transfers {
  /** A share or download began: newly, or again after a reload. */
  readonly events = new Emitter<SwarmServiceEvents>();
  readonly #host: SwarmHost;
  readonly #worker: WorkerClient;
  readonly #broker: ChannelBroker;
  readonly #unused: UnusedLinks;
  readonly #access: FileAccessService;
  readonly #torrents = new OpenTorrents();
  readonly #refused = new RefusedPeers();
  readonly #pool = new StrangerPool();
  readonly #starts: DownloadStarts;
  readonly #duplicates: Duplicates;
  readonly #ending = new EndingTorrents((infoHash) => {
    if (this.#torrents.has(infoHash)) this.#worker.askPieces(infoHash);
  });
  readonly #limits = new TotalLimits((limits) => this.#worker.setLimits(undefined, limits));
  #isClosed = false;

  /** Starts the worker, which takes up unfinished downloads by itself. */
  constructor(host: SwarmHost) {
    this.#host = host;
    this.#broker = new ChannelBroker({
      self: host.self,
      clock: host.clock,
      sendControl: (link, frame) => host.sendControl(link, frame),
      torrentOf: (swarm) => this.#torrents.find(swarm)?.session.infoHash ?? swarm,
      refusal: (swarm, peer) => {
        const torrent = this.#torrents.find(swarm);
        const why = torrent ? torrent.peers.refusal(peer) : 'unknown-swarm';
        if (why === 'unknown-swarm' || why === 'paused') this.#refused.note(swarm, peer);
        return why;
      },
      opened: (infoHash, swarm, link, channel, isOutbound) => {
        const serial = this.#worker.attach(infoHash, swarm, link.peer.id, isOutbound, channel);
        this.#torrents.get(infoHash)?.peers.opened(link, serial, isOutbound);
      },
      failed: (infoHash, peer, why) => this.#torrents.get(infoHash)?.peers.openFailed(peer, why),
    });
    this.#unused = new UnusedLinks({
      clock: host.clock,
      isUsed: (peer) => this.#broker.uses(peer).length > 0,
      release: (peer) => host.releaseLink(peer),
    });
    for (const link of host.links().values()) this.#unused.watch(link);
    this.#worker = new WorkerClient(
      host.createWorker(),
      (event) => this.#onWorkerEvent(event),
      (error) => this.#onWorkerCrash(error),
    );
    this.#access = new FileAccessService(
      this.#worker,
      (infoHash) => this.#torrents.get(infoHash)?.files,
      () => host.loadMediaStreams(),
    );
    this.#starts = new DownloadStarts(this.#torrents, this.#worker, this.#ending, {
      isKept: host.storage === 'persistent',
      torrentOf: (infoHash, name, origin) => this.#torrentOf(infoHash, name, origin),
      addDownload: (torrent) => this.#addDownload(torrent),
      takeSummary: (torrent, summary) => {
        if (this.#torrents.get(torrent.session.infoHash) === torrent) this.#takeSummary(torrent, summary);
      },
    });
    this.#duplicates = new Duplicates(this.#torrents, this.#worker, this.#starts);
    this.#worker.start(host.self, host.storage);
  }

  get shares(): readonly Share[] {
    return [...this.#torrents.values()].map(({ share }) => share).filter((share) => share !== undefined);
  }

  get downloads(): readonly Download[] {
    const all = [...this.#torrents.values(), ...this.#duplicates.ended];
    return all.map(({ download }) => download).filter((download) => download !== undefined);
  }

  /** Frames on control channels that made no sense, by cause. */
  get counters(): ReadonlyMap<string, number> {
    return this.#broker.counters;
  }

  /** Hashes files and serves them from where they are. The same content gives the same share. */
  async share(files: readonly File[], options: ShareOptions = {}): Promise<Share> {
    if (this.#isClosed) throw leftError();
    const chosen = checkedFiles(files);
    // Only where some share waits for its files may these be the ones.
    if (this.#isFull && !this.shares.some(({ waitsFor }) => waitsFor)) throw tooManyTorrents();
    const named = nameFiles(chosen, options.name);
    const withHandles = named.files.map((each) => ({ ...each, handle: options.handles?.get(each.file) }));
    const trackers = checkedTrackers(options.trackers);
    const how = { isPrivate: options.private === true, isSuperSeeding: options.superSeed === true, trackers };
    const summary = await this.#worker.share(named.name, withHandles, how, {
      progress: (doneBytes, totalBytes) => options.onProgress?.({ doneBytes, totalBytes }),
      signal: options.signal,
    });
    if (this.#isClosed) throw leftError();
    if (this.#isFull && !this.#torrents.has(summary.infoHash)) {
      await this.#worker.remove(summary.infoHash, false, false);
      throw tooManyTorrents();
    }
    const torrent = this.#torrentOf(summary.infoHash, summary.name, NO_ORIGIN);
    torrent.session.addOrigin({ trackers, webSeeds: [] });
    // The worker leaves a share of the same as it is.
    if (torrent.session.isPaused) this.#worker.setPaused(summary.infoHash, false);
    torrent.session.setShared(summary);
    this.#duplicates.onKnown(torrent, true);
    torrent.sources = new Map(summary.files.map(({ index, source }, at) => [index, chosen[source ?? at] as File]));
    const share = this.#addShare(torrent, summary);
    this.#update(torrent);
    return share;
  }

  /**
   * Starts a download, or finds the one that runs, as `DownloadStarts.begin` says. `source` is a magnet link, an info-hash
   * in hex, or a torrent file. Throws `bad-magnet` or `bad-metainfo` for anything else; fails with `bad-metainfo` when the
   * worker refuses it.
   */
  download(source: string | Uint8Array, options: DownloadOptions = {}): Download {
    if (this.#isClosed) throw leftError();
    return this.#starts.begin(readSource(source), options);
  }

  /** Limits of all torrents together. */
  setLimits(limits: RateLimits): void {
    this.#limits.set(limits);
  }

  get rates(): Transfers['rates'] {
    let [down, up] = [0, 0];
    for (const { session } of this.#torrents.values()) {
      down += session.progress.downBytesPerSecond;
      up += session.progress.upBytesPerSecond;
    }
    return { down, up };
  }

  cap(most: RateLimits): void {
    this.#limits.cap(most);
  }

  /** A link is up: if its peer is sought, it is asked at once. */
  linkUp(link: Link): void {
    this.#unused.watch(link);
    for (const { peers } of this.#torrents.values()) peers.linkUp(link.peer.id);
  }

  /** The server is there again. Its tracker forgot this peer with the connection, and other tabs are back at the same time. */
  serverJoined(): void {
    const paceMs = Math.max(REANNOUNCE_MS, (1000 * this.#torrents.size) / REANNOUNCES_PER_SECOND);
    const withinMs = Math.min(ANNOUNCE_PERIOD_MS, paceMs);
    for (const { peers } of this.#torrents.values()) peers.serverJoined(randomBelow(this.#host.rng, withinMs));
  }

  linkDown(peer: NodeId): void {
    const isUsed = this.#broker.uses(peer).length > 0;
    this.#unused.forget(peer);
    this.#refused.forget(peer);
    this.#broker.linkDown(peer);
    if (!isUsed) return;
    this.#worker.peerGone(peer);
    for (const { peers } of this.#torrents.values()) peers.linkDown(peer);
  }

  /** A control message that starts with SWARM_FRAME. */
  receiveControl(link: Link, bytes: Uint8Array): void {
    this.#broker.receive(link, bytes);
  }

  /** Leaves all swarms and ends the worker; unfinished downloads fail here, and go on with the next page. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const { session, peers } of this.#torrents.values()) {
      peers.stop();
      // Nothing is heard of it any more: whoever waits for the rest would do so for ever.
      if (!session.isComplete && session.state !== 'failed') session.fail(leftError());
    }
    this.#broker.stop();
    this.#access.close();
    this.#unused.stop();
    await this.#worker.close();
  }

  get #isFull(): boolean {
    return this.#torrents.size >= MAX_TORRENTS;
  }

  #torrentOf(infoHash: InfoHash, name: string, origin: TorrentOrigin): OpenTorrent {
    const known = this.#torrents.get(infoHash);
    if (known) return known;
    const session = new TorrentSession(infoHash, name, origin, {
      nameOf: (id) => this.#host.nameOf(id),
      askPieces: () => this.#worker.askPieces(infoHash),
      dropPeer: (peer) => this.#worker.dropPeer(infoHash, peer),
    });
    const foreign = { channels: this.#worker, pool: this.#pool };
    const peers = new TorrentPeers(session, this.#host, this.#broker, this.#torrents, foreign);
    const torrent = new OpenTorrent(session, peers);
    this.#torrents.set(infoHash, torrent);
    return torrent;
  }

  #addShare(torrent: OpenTorrent, summary: TorrentSummary): ShareHandle {
    if (torrent.share) return torrent.share;
    const { infoHash } = summary;
    torrent.share = new ShareHandle(torrent.session, summary, {
      ...this.#actions(infoHash),
      stop: () => this.#endShare(infoHash),
    });
    this.events.emit('share', torrent.share);
    return torrent.share;
  }

  #addDownload(torrent: OpenTorrent): DownloadHandle {
    const { infoHash } = torrent.session;
    const download = new DownloadHandle(torrent.session, performance.timeOrigin + performance.now(), {
      ...this.#actions(infoHash),
      remove: (keepData) => this.#endDownload(torrent, keepData),
    });
    torrent.download = download;
    this.events.emit('download', download);
    return download;
  }

  #actions(infoHash: InfoHash): TransferActions {
    return {
      ...this.#access.of(infoHash),
      trackerState: (url) => this.#torrents.get(infoHash)?.peers.trackerState(url),
      setPaused: (isPaused) => this.#setPaused(infoHash, isPaused),
      setLimits: (limits) => this.#worker.setLimits(infoHash, limits),
      setSuperSeeding: (isSuperSeeding) => this.#worker.setSuperSeeding(infoHash, isSuperSeeding),
      setSequential: (isSequential) => this.#worker.setSequential(infoHash, isSequential),
      setPriorities: (priorities) => this.#worker.setPriorities(infoHash, priorities),
    };
  }

  #setPaused(infoHash: InfoHash, isPaused: boolean): void {
    const torrent = this.#torrents.get(infoHash);
    // The browser asks the person only in the task of the click itself.
    if (!isPaused && torrent?.session.waitsFor === 'permission') {
      void allowFiles(torrent.handles).then(() => this.#worker.setPaused(infoHash, false));
    } else this.#worker.setPaused(infoHash, isPaused);
  }

  #onWorkerEvent(event: WorkerEvent): void {
    if (this.#isClosed) return;
    if (event.kind === 'nothingKept') return this.events.emit('nothingKept', undefined);
    if (event.kind === 'sharedBefore') {
      const torrent = this.#torrentOf(event.summary.infoHash, event.summary.name, NO_ORIGIN);
      torrent.handles = event.handles;
      torrent.session.settle(event.settings);
      torrent.session.setSummary(event.summary);
      torrent.session.setWait(event.wait);
      if (!event.wait) this.#duplicates.onKnown(torrent, true);
      this.#addShare(torrent, event.summary);
      return;
    }
    if (event.kind === 'resumed') {
      const torrent = this.#torrentOf(event.infoHash, event.name, originOf(event));
      torrent.session.addOrigin(originOf(event));
      if (event.isPrivate) torrent.session.isPrivate = true;
      torrent.session.settle(event.settings);
      torrent.selectAs(event);
      if (!torrent.download) this.#addDownload(torrent);
      return;
    }
    const infoHash = event.kind === 'metadata' ? event.summary.infoHash : event.infoHash;
    const torrent = this.#torrents.get(infoHash);
    if (!torrent) return;
    switch (event.kind) {
      case 'metadata':
        this.#takeSummary(torrent, event.summary);
        return;
      case 'settings':
        torrent.selectAs(event);
        torrent.session.addOrigin(event.origin);
        torrent.session.settle(event.settings);
        return;
      case 'progress':
        // Of the one before, if it was begun again in the moment in which it was removed.
        if (this.#ending.has(infoHash)) return;
        torrent.session.update(event, event.error && new SkeinError(event.error.code, event.error.message));
        // What another tab had may be this one's from now on.
        this.#selectFiles(torrent);
        this.#update(torrent);
        return;
      case 'peersFound':
        torrent.peers.found(event.peers, event.from);
        return;
      case 'channelClosed':
        torrent.peers.channelOver(event.peer, event.serial, 'channel-closed');
        return;
      case 'peerDropped':
        torrent.peers.channelOver(event.peer, event.serial, event.why);
        return;
    }
  }

  /** The torrent's state may have changed. Who was refused because it had nothing to give is asked in. */
  #update({ session, peers }: OpenTorrent): void {
    peers.update();
    if (session.progress.doneBytes === 0 || !peers.isOpen) return;
    for (const swarm of session.places.swarms)
      for (const peer of this.#refused.take(swarm)) {
        const link = this.#host.links().get(peer);
        if (link) peers.callBack(link, swarm);
      }
  }

  #onWorkerCrash(error: SkeinError): void {
    for (const { session, peers } of this.#torrents.values()) {
      session.fail(error);
      peers.stop();
    }
    this.#access.failReaders('internal', error.message);
  }

  #takeSummary(torrent: OpenTorrent, summary: TorrentSummary): void {
    torrent.session.setSummary(summary);
    this.#duplicates.onKnown(torrent, false);
    this.#selectFiles(torrent);
    torrent.peers.update();
  }

  #selectFiles(torrent: OpenTorrent): void {
    const priorities = torrent.takeSelection();
    if (priorities) this.#worker.setPriorities(torrent.session.infoHash, priorities);
  }

  async #endShare(infoHash: InfoHash): Promise<void> {
    const torrent = this.#torrents.get(infoHash);
    if (!torrent?.share) return;
    torrent.share = undefined;
    if (torrent.download) await this.#worker.forgetShare(infoHash);
    else await this.#end(torrent, false);
  }

  async #endDownload(torrent: OpenTorrent, keepData: boolean): Promise<void> {
    const { infoHash } = torrent.session;
    if (!torrent.download) return;
    torrent.download = undefined;
    // Nothing is waited for before it is off the list: it may be begun again in this very moment.
    const removing = this.#duplicates.remove(torrent, keepData);
    if (removing) await removing;
    else if (!torrent.share) await this.#end(torrent, keepData);
    // While the share waits, what runs is the download alone.
    else if (torrent.session.waitsFor)
      await this.#ending.until(infoHash, this.#worker.remove(infoHash, keepData, true));
  }

  async #end(torrent: OpenTorrent, keepData: boolean): Promise<void> {
    const { infoHash } = torrent.session;
    this.#torrents.delete(infoHash);
    torrent.peers.stop();
    await this.#ending.until(infoHash, this.#worker.remove(infoHash, keepData, false));
  }
}
