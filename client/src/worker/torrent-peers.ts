import { PEER_TIMEOUT_MS } from '../../../shared/src/limits/swarm.ts';
import { type PeerKey, isStranger } from '../swarm/peer-key.ts';
import type { InfoHash, TorrentInput } from '../swarm/types.ts';
import { PeerOutbox } from './peer-outbox.ts';
import type { Pipe } from './pipe.ts';
import type { WorkerReport } from './protocol.ts';

/** Whose channel this is. */
export interface PipeEnd {
  readonly peer: PeerKey;
  readonly isOutbound: boolean;
  /** The peer id by which a stranger knows this side. */
  readonly alias?: Uint8Array | undefined;
  /** The hash of a hybrid torrent under which the two met; the torrent's own when it is left out. */
  readonly swarm?: InfoHash | undefined;
  /** The page's name for this channel. */
  readonly serial: number;
}

/** Where what happens on the channels of a torrent goes. */
export interface PeersHost {
  /** For the machine. May come from inside a call to the peers. */
  push(input: TorrentInput): void;
  report(report: WorkerReport): void;
}

interface Peer {
  readonly serial: number;
  readonly pipe: Pipe;
  readonly outbox: PeerOutbox;
  /** The machine knows of it. */
  isUp: boolean;
  /** Ends it if the machine never comes to know of it: nobody else would. */
  readonly patience: ReturnType<typeof setTimeout>;
}

/** The peers that one torrent has a channel with. The machine hears of each when it can be spoken to, and when it is gone. */
export class TorrentPeers {
  readonly #infoHash: InfoHash;
  readonly #host: PeersHost;
  /** BOUNDED: by MAX_CHANNELS_PER_TORRENT, kept by the page. */
  readonly #peers = new Map<PeerKey, Peer>();

  constructor(infoHash: InfoHash, host: PeersHost) {
    this.#infoHash = infoHash;
    this.#host = host;
  }

  /** Connects a peer; a channel it had before is replaced. */
  attach({ peer, isOutbound, serial, alias, swarm }: PipeEnd, pipe: Pipe): void {
    this.#detach(peer);
    const outbox = new PeerOutbox(pipe, {
      congested: () => this.#host.push({ kind: 'congested', peer }),
      writable: () => this.#host.push({ kind: 'writable', peer }),
      broken: () => this.#lost(peer, entry),
    });
    const patience = setTimeout(() => this.#lost(peer, entry), PEER_TIMEOUT_MS);
    const entry: Peer = { serial, pipe, outbox, isUp: false, patience };
    this.#peers.set(peer, entry);
    const linkUp = (): void => {
      if (entry.isUp || this.#peers.get(peer) !== entry) return;
      entry.isUp = true;
      clearTimeout(patience);
      const source = isStranger(peer) ? ('webtorrent' as const) : undefined;
      this.#host.push({ kind: 'linkUp', peer, isOutbound, source, alias, swarm });
    };
    pipe.start({
      // The opener makes its end of the channel last and speaks first: what the other side sent before might be lost.
      open: () => {
        if (isOutbound) linkUp();
      },
      message: (bytes) => {
        linkUp();
        this.#host.push({ kind: 'received', from: peer, bytes });
      },
      writable: () => outbox.handleWritable(),
      closed: () => this.#lost(peer, entry),
    });
  }

  /** What a connected peer is sent. */
  outbox(peer: PeerKey): PeerOutbox | undefined {
    return this.#peers.get(peer)?.outbox;
  }

  /** Sends the small messages that wait for anyone. */
  flush(): void {
    for (const { outbox } of this.#peers.values()) outbox.flush();
  }

  /** The link to the peer is gone. */
  gone(peer: PeerKey): void {
    const entry = this.#peers.get(peer);
    if (entry) this.#lost(peer, entry);
  }

  /** The machine wants no more of the peer. */
  drop(peer: PeerKey, why: string): void {
    const entry = this.#peers.get(peer);
    if (!entry) return;
    entry.outbox.flush();
    clearTimeout(entry.patience);
    this.#peers.delete(peer);
    entry.pipe.close();
    this.#host.report({ kind: 'peerDropped', infoHash: this.#infoHash, peer, serial: entry.serial, why });
  }

  /** Disconnects everyone. */
  detachAll(): void {
    for (const peer of [...this.#peers.keys()]) this.#detach(peer);
  }

  /** The peer's channel ended without our doing. */
  #lost(peer: PeerKey, entry: Peer): void {
    if (this.#peers.get(peer) !== entry) return;
    this.#detach(peer);
    this.#host.report({ kind: 'channelClosed', infoHash: this.#infoHash, peer, serial: entry.serial });
  }

  #detach(peer: PeerKey): void {
    const entry = this.#peers.get(peer);
    if (!entry) return;
    clearTimeout(entry.patience);
    this.#peers.delete(peer);
    entry.pipe.close();
    if (entry.isUp) this.#host.push({ kind: 'linkDown', peer });
  }
}
