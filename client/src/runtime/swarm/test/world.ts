import type { Download, Share } from '../../../api.ts';
import { type Contact, type NodeId, contactFromKey } from '../../../../../shared/src/ids.ts';
import { ANNOUNCE_PERIOD_MS, ANNOUNCE_SHARE } from '../../../../../shared/src/limits/storage.ts';
import { seededRng } from '../../../../../shared/src/machine.ts';
import { ManualClock, settle } from '../../../adapters/memory/manual-clock.ts';
import type { InfoHash } from '../../../swarm/types.ts';
import type { TorrentSummary } from '../../../worker/protocol.ts';
import { fixedIceConfig } from '../../ice-config.ts';
import type { Link } from '../../links/types.ts';
import type { SwarmHost } from '../host.ts';
import { SwarmService } from '../service.ts';
import type { StrangerNetwork } from '../../../ports/strangers.ts';
import type { MediaAsk, MediaStreams } from '../../../ports/media-streams.ts';
import { TorrentStrangers } from '../torrent-strangers.ts';
import { FakeWorker } from './fake-worker.ts';
import { infoHash, magnet } from './torrent.ts';

/** One end of a negotiated channel that a fake link made. */
export interface FakeChannel {
  readonly id: number;
  readonly owner: NodeId;
  isClosed: boolean;
  close(): void;
}

/** Gives addresses that say what they are of, and lets the test ask as a player does. */
export class FakeStreams implements MediaStreams {
  /** Undefined while nobody answers. */
  #answer: ((ask: MediaAsk, port: MessagePort) => void) | undefined;

  get isServed(): boolean {
    return this.#answer !== undefined;
  }

  serve(answer: (ask: MediaAsk, port: MessagePort) => void): () => void {
    this.#answer = answer;
    return () => (this.#answer = undefined);
  }

  urlOf(infoHash: string, index: number, name: string): Promise<string> {
    return Promise.resolve(`${infoHash}/${index}/${name}`);
  }

  /** Resolves to the page's first word. */
  ask(ask: MediaAsk): Promise<unknown> {
    const { port1, port2 } = new MessageChannel();
    const head = new Promise((resolve) => {
      port1.onmessage = ({ data }) => {
        port1.close();
        resolve(data);
      };
    });
    this.#answer?.(ask, port2);
    return head;
  }
}

/** One node of a fake network. */
export class FakeNode {
  readonly contact: Contact;
  readonly streams = new FakeStreams();
  readonly worker = new FakeWorker();
  readonly links = new Map<NodeId, Link>();
  readonly channels: FakeChannel[] = [];
  readonly released: NodeId[] = [];
  readonly published = new Set<InfoHash>();
  readonly announced: string[] = [];
  /** The same with the hashes under which it was. */
  readonly announcements: { readonly swarm: InfoHash; readonly event: string }[] = [];
  readonly service: SwarmService;

  constructor(world: FakeWorld, seed: number) {
    this.contact = contactFromKey(new Uint8Array(32).fill(seed));
    const host: SwarmHost = {
      self: this.contact.id,
      clock: world.clock,
      log: { log: () => undefined },
      storage: 'memory',
      rng: seededRng(seed),
      ice: fixedIceConfig([]),
      relayOnly: false,
      loadStrangers: () => {
        world.strangersLoaded++;
        return Promise.resolve({ TorrentStrangers, network: world.strangers });
      },
      links: () => this.links,
      openLink: (contact) => world.openLink(this, contact),
      releaseLink: (peer) => void this.released.push(peer),
      findProviders: (swarm) => world.findProviders(this, swarm),
      resolve: (peer) => world.resolve(peer),
      trackerPeers: (swarm, event) => {
        this.announced.push(event);
        this.announcements.push({ swarm, event });
        return world.answering.then(() => ({ peers: world.tracked, intervalMs: ANNOUNCE_PERIOD_MS / ANNOUNCE_SHARE }));
      },
      trackerLeave: (swarm) => {
        this.announced.push('leave');
        this.announcements.push({ swarm, event: 'leave' });
      },
      publish: (infoHash) => void this.published.add(infoHash),
      unpublish: (infoHash) => void this.published.delete(infoHash),
      sendControl: (link, frame) => void link.send(frame),
      nameOf: () => undefined,
      loadMediaStreams: () => Promise.resolve(this.streams),
      createWorker: () => this.worker as unknown as Worker,
    };
    this.service = new SwarmService(host);
  }

  get id(): NodeId {
    return this.contact.id;
  }

  /** Takes the torrent up, or the one that goes by `swarm`, and has all of it. */
  seed(swarm = infoHash): void {
    this.service.download(swarm === infoHash ? magnet : swarm);
    this.worker.progress(swarm, { state: 'seeding', doneBytes: 100 });
  }

  linkTo(node: FakeNode): Link {
    const link = this.links.get(node.id);
    if (!link) throw new Error('there is no such link');
    return link;
  }
}

/** Nodes with links whose control messages wait until the test delivers them. */
export class FakeWorld {
  readonly clock = new ManualClock();
  /** The world of strangers, where a test has one. */
  strangers: StrangerNetwork = { openTracker: () => undefined, connect: () => Promise.reject(new Error()) as never };
  /** How often its code was fetched. */
  strangersLoaded = 0;
  /** Who is named when anyone asks for providers. BOUNDED: by the test. */
  readonly providers: Contact[] = [];
  /** Who is named besides when anyone asks for those of one hash. BOUNDED: by the test. */
  readonly providersOf = new Map<InfoHash, readonly Contact[]>();
  /** Whom the server's tracker names. BOUNDED: by the test. */
  readonly tracked: Contact[] = [];
  /** Nodes that asked the overlay for providers, each time. BOUNDED: by the test. */
  readonly seekers: NodeId[] = [];
  /** The overlay answers after this. */
  overlay: Promise<void> = Promise.resolve();
  /** The server's tracker answers after this. */
  answering: Promise<void> = Promise.resolve();
  /** Links come up after this. */
  linking: Promise<void> = Promise.resolve();
  /** Ids that were asked for. BOUNDED: by the test. */
  readonly resolved: NodeId[] = [];
  /** BOUNDED: by the test. */
  readonly #nodes = new Map<NodeId, FakeNode>();
  /** Frames under way, oldest first. BOUNDED: by the test. */
  readonly wire: { readonly from: FakeNode; readonly to: FakeNode; readonly bytes: Uint8Array }[] = [];

  add(seed: number): FakeNode {
    const node = new FakeNode(this, seed);
    this.#nodes.set(node.id, node);
    return node;
  }

  nodes(): Iterable<FakeNode> {
    return this.#nodes.values();
  }

  /** Two nodes, that of the lower id first. */
  pair(): readonly [FakeNode, FakeNode] {
    const [a, b] = [this.add(1), this.add(2)];
    return a.id < b.id ? [a, b] : [b, a];
  }

  /** Two nodes: the first downloads the torrent, and finds that the second has all of it. */
  async seededPair(): Promise<readonly [FakeNode, FakeNode]> {
    const [a, b] = this.pair();
    this.providers.push(b.contact);
    b.seed();
    a.service.download(magnet);
    await this.deliver();
    return [a, b];
  }

  /** What the overlay says of an id. */
  async resolve(peer: NodeId): Promise<Contact | undefined> {
    this.resolved.push(peer);
    await this.overlay;
    return this.#nodes.get(peer)?.contact;
  }

  /** What the overlay says of who has the torrent. */
  async findProviders(seeker: FakeNode, swarm: InfoHash): Promise<readonly Contact[]> {
    this.seekers.push(seeker.id);
    await this.overlay;
    return [...this.providers, ...(this.providersOf.get(swarm) ?? [])];
  }

  async openLink(from: FakeNode, contact: Contact): Promise<Link> {
    await this.linking;
    const known = from.links.get(contact.id);
    if (known) return known;
    const to = this.#nodes.get(contact.id);
    if (!to) throw new Error('unreachable');
    return this.link(from, to);
  }

  link(from: FakeNode, to: FakeNode): Link {
    const mine = this.#end(from, to, true);
    const theirs = this.#end(to, from, false);
    from.service.linkUp(mine);
    to.service.linkUp(theirs);
    return mine;
  }

  unlink(a: FakeNode, b: FakeNode): void {
    a.links.delete(b.id);
    b.links.delete(a.id);
    a.service.linkDown(b.id);
    b.service.linkDown(a.id);
  }

  /** Delivers every frame under way, and those that follow. */
  async deliver(): Promise<void> {
    for (;;) {
      await settle();
      const next = this.wire.shift();
      if (!next) return;
      const link = next.to.links.get(next.from.id);
      if (link) next.to.service.receiveControl(link, next.bytes);
    }
  }

  #end(from: FakeNode, to: FakeNode, isOfferer: boolean): Link {
    const link: Link = {
      peer: to.contact,
      name: 'someone',
      isOfferer,
      clockAheadMs: 0,
      path: 'direct',
      rttMs: 1,
      network: undefined,
      queuedBytes: 0,
      send: (bytes) => {
        this.wire.push({ from, to, bytes });
        return 'sent';
      },
      openChannel: (id) => {
        const channel: FakeChannel = {
          id,
          owner: from.id,
          isClosed: false,
          close: () => {
            channel.isClosed = true;
          },
        };
        from.channels.push(channel);
        return channel as unknown as RTCDataChannel;
      },
    };
    from.links.set(to.id, link);
    return link;
  }
}

/** A node that downloads the torrent, and knows what is in it if there is a summary. */
export function beginDownload(summary?: TorrentSummary): { readonly node: FakeNode; readonly download: Download } {
  const [node] = new FakeWorld().pair();
  const download = node.service.download(magnet);
  if (summary) node.worker.report({ kind: 'metadata', summary });
  return { node, download };
}

/** A share of one file, of which the worker says `summary`. */
export async function beginShare(node: FakeNode, summary: TorrentSummary): Promise<Share> {
  const sharing = node.service.share([new File(['what is shared'], summary.files[0]?.path ?? 'a file')]);
  node.worker.report({ kind: 'answer', call: node.worker.shareRequest().call, value: summary });
  return await sharing;
}
