import { parseNodeId } from '../../../shared/src/ids.ts';
import {
  type Call,
  type CallMedia,
  type ContactInfo,
  type Download,
  type LinkInfo,
  type LookupResult,
  type Node,
  type NodeEvents,
  type NodeStatus,
  type Share,
  SkeinError,
} from '../api.ts';
import type { MediaPort } from '../ports/media.ts';
import { formatAddress, parseAddress } from './address.ts';
import { Emitter } from './emitter.ts';
import { toKey } from './keys.ts';
import { LazyCalls } from './lazy-calls.ts';
import { type Link, LinkError } from './links/types.ts';
import { Network, type NetworkParts } from './network.ts';
import { SwarmService } from './swarm/service.ts';

/** How long a lookup of the public door may take. [ms] Several times the slowest healthy lookup. */
const LOOKUP_TIMEOUT_MS = 10_000;

/** How long an application message may be on its way. [ms] */
const APP_MESSAGE_TIMEOUT_MS = 10_000;

/** Largest message of `sendTo`. [bytes] Leaves room for sealing inside one routed frame. */
const MAX_APP_MESSAGE_BYTES = 8 * 1024;

/** Everything the node needs from its surroundings. */
export interface NodeParts extends Omit<NetworkParts, 'name'> {
  readonly media: MediaPort;
  readonly createWorker: () => Worker;
  readonly name: string;
  readonly saveName: (name: string) => void;
  /** Lets another tab of the profile take the saved identity. */
  readonly releaseIdentity: () => void;
  readonly storage: 'persistent' | 'memory';
  readonly isSecure: boolean;
}

/** The composition root: one peer made of the network, the swarm and calls, behind the public door. */
export class SkeinNode implements Node {
  readonly #parts: NodeParts;
  readonly #events = new Emitter<NodeEvents>();
  readonly #network: Network;
  readonly #swarm: SwarmService;
  readonly #calls: LazyCalls;
  #name: string;
  #hasLeft = false;
  #status: NodeStatus;

  constructor(parts: NodeParts) {
    this.#parts = parts;
    this.#name = parts.name;
    this.#network = this.#createNetwork();
    this.#swarm = this.#createSwarm();
    this.#calls = this.#createCalls();
    this.#status = this.#readStatus();
  }

  /** Connects to the server, if there is one, and starts joining. */
  start(): void {
    this.#network.start();
  }

  get id(): string {
    return this.#parts.crypto.self.id;
  }

  get address(): string {
    return formatAddress(this.#name, this.#parts.crypto.self.id);
  }

  get name(): string {
    return this.#name;
  }

  get status(): NodeStatus {
    return this.#status;
  }

  get shares(): readonly Share[] {
    return this.#swarm.shares;
  }

  get downloads(): readonly Download[] {
    return this.#swarm.downloads;
  }

  get calls(): readonly Call[] {
    return this.#calls.calls;
  }

  links(): LinkInfo[] {
    return [...this.#network.links.links.values()].map(toLinkInfo);
  }

  contacts(): ContactInfo[] {
    return this.#network.overlay.snapshot().entries.map((entry) => ({
      id: entry.contact.id,
      name: this.#network.nameOf(entry.contact.id),
      bucket: entry.bucket,
      linked: entry.isLinked,
      sibling: entry.isSibling,
      rttMs: entry.rttMs,
    }));
  }

  on<E extends keyof NodeEvents>(event: E, listener: (payload: NodeEvents[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  rename(name: string): void {
    this.#name = name;
    this.#parts.saveName(name);
    this.#calls.renamed();
    this.#refreshStatus();
  }

  async leave(): Promise<void> {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.sayBye();
    await this.#swarm.close();
    this.#network.stop();
    this.#parts.releaseIdentity();
    this.#refreshStatus();
  }

  /** Hangs up and tells linked peers that this one is going, without waiting: for a page that is being closed. */
  sayBye(): void {
    this.#calls.close();
    this.#network.sayBye();
  }

  async lookup(
    key: string | Uint8Array,
    options: { readonly mode?: 'recursive' | 'iterative'; readonly signal?: AbortSignal } = {},
  ): Promise<LookupResult> {
    this.#checkRunning();
    const found = await this.#network.overlay.lookup(
      toKey(key),
      options.mode ?? 'recursive',
      LOOKUP_TIMEOUT_MS,
      options.signal,
    );
    const closest = found.closest.map((contact) => contact.id);
    return { closest, hops: found.hops, ms: found.elapsedMs, path: found.path };
  }

  async put(key: string | Uint8Array, bytes: Uint8Array, options: { readonly ttlMs?: number } = {}): Promise<void> {
    this.#checkRunning();
    await this.#network.records.put(toKey(key), bytes, options.ttlMs);
  }

  async get(key: string | Uint8Array): Promise<Uint8Array | undefined> {
    this.#checkRunning();
    return (await this.#network.records.get(toKey(key)))?.value;
  }

  async remove(key: string | Uint8Array): Promise<void> {
    this.#checkRunning();
    await this.#network.records.remove(toKey(key));
  }

  async publish(key: string | Uint8Array): Promise<void> {
    this.#checkRunning();
    await this.#network.overlay.publish(toKey(key));
  }

  async unpublish(key: string | Uint8Array): Promise<void> {
    this.#checkRunning();
    await this.#network.overlay.unpublish(toKey(key));
  }

  async findProviders(key: string | Uint8Array): Promise<string[]> {
    this.#checkRunning();
    return (await this.#network.overlay.findProviders(toKey(key))).map((contact) => contact.id);
  }

  async sendTo(
    key: string | Uint8Array,
    message: Uint8Array,
    options: { readonly replicas?: number } = {},
  ): Promise<number> {
    this.#checkRunning();
    if (message.length > MAX_APP_MESSAGE_BYTES) {
      throw new SkeinError(
        'too-large',
        `A message holds at most ${MAX_APP_MESSAGE_BYTES} bytes. Share larger data as a file.`,
      );
    }
    const target = toKey(key);
    const providers = (await this.#network.overlay.findProviders(target)).map((contact) => contact.id);
    const receivers = providers.length > 0 ? providers.slice(0, Math.max(1, options.replicas ?? 1)) : [target];
    const deliveries = receivers.map((id) => this.#network.post.send(id, 'app', message, APP_MESSAGE_TIMEOUT_MS));
    return (await Promise.all(deliveries)).filter(Boolean).length;
  }

  async connect(id: string): Promise<LinkInfo> {
    this.#checkRunning();
    const target = parseAddress(id) ?? parseNodeId(id);
    const contact = target && (await this.#network.post.resolve(target));
    if (!contact) throw new SkeinError('not-found', 'Nobody in the network knows this peer. It may have left.');
    try {
      return toLinkInfo(await this.#network.links.open(contact, 'overlay'));
    } catch (error) {
      throw linkFailure(error);
    }
  }

  share(files: readonly File[], options: { readonly name?: string } = {}): Promise<Share> {
    this.#checkRunning();
    return this.#swarm.share(files, options);
  }

  download(source: string | Uint8Array, options: { readonly signal?: AbortSignal } = {}): Download {
    this.#checkRunning();
    return this.#swarm.download(source, options);
  }

  async call(who: string, media: CallMedia): Promise<Call> {
    this.#checkRunning();
    const id = parseAddress(who);
    if (!id) throw new SkeinError('bad-argument', 'This is not an address. An address looks like amber-otter.k7f3… ');
    if (id === this.#parts.crypto.self.id) throw new SkeinError('bad-argument', 'This is your own address.');
    return this.#calls.call(id, media);
  }

  #createNetwork(): Network {
    return new Network(
      { ...this.#parts, name: () => this.#name },
      {
        joined: () => this.#calls.joined(),
        linkUp: (link) => {
          this.#swarm.linkUp(link);
          this.#events.emit('link', toLinkInfo(link));
        },
        linkDown: (link) => {
          this.#swarm.linkDown(link.peer.id);
          this.#events.emit('unlink', { id: link.peer.id, name: link.name });
        },
        swarmFrame: (link, bytes) => this.#swarm.receiveControl(link, bytes),
        callLetter: (from, payload) => this.#calls.receive(from, payload),
        appLetter: (from, payload) => this.#events.emit('message', { from: from.id, bytes: payload }),
        changed: () => this.#refreshStatus(),
      },
    );
  }

  #createSwarm(): SwarmService {
    const parts = this.#parts;
    const swarm = new SwarmService({
      self: parts.crypto.self.id,
      links: () => this.#network.links.links,
      openLink: (contact) => this.#network.links.open(contact, 'swarm'),
      releaseLink: (peer) => this.#network.links.release(peer, 'swarm'),
      findProviders: async (infoHash) => {
        await this.#network.whenJoined();
        return this.#network.overlay.findProviders(infoHash);
      },
      trackerPeers: async (infoHash, event) => {
        await this.#network.whenServerKnown();
        return (await parts.signaling?.announce(infoHash, event))?.peers ?? [];
      },
      trackerLeave: async (infoHash) => parts.signaling?.leave(infoHash),
      publish: async (infoHash) => {
        await this.#network.overlay.publish(infoHash);
      },
      unpublish: async (infoHash) => {
        await this.#network.overlay.unpublish(infoHash);
      },
      sendControl: (link, bytes) => this.#network.control.send(link.peer.id, bytes),
      nameOf: (id) => this.#network.nameOf(id),
      clock: parts.clock,
      log: parts.log,
      storage: parts.storage,
      createWorker: parts.createWorker,
    });
    swarm.events.on('share', (share) => this.#events.emit('share', share));
    swarm.events.on('download', (download) => this.#events.emit('download', download));
    return swarm;
  }

  #createCalls(): LazyCalls {
    return new LazyCalls({
      self: this.#parts.crypto.self,
      name: () => this.#name,
      sendMail: (to, payload, withinMs) => this.#network.post.send(to, 'call', payload, withinMs),
      putRecord: (key, value, ttlMs) => this.#network.records.put(key, value, ttlMs),
      removeRecord: (key) => this.#network.records.remove(key),
      getRecord: (key) => this.#network.records.get(key),
      iceServers: () => this.#parts.ice.fresh(),
      hasRelay: () => this.#parts.ice.hasRelay(),
      relayOnly: this.#parts.relayOnly,
      nameOf: (id) => this.#network.nameOf(id),
      rng: this.#parts.rng,
      clock: this.#parts.clock,
      log: this.#parts.log,
      media: this.#parts.media,
      onIncoming: (call) => this.#events.emit('incomingcall', call),
    });
  }

  #checkRunning(): void {
    if (this.#hasLeft) throw new SkeinError('left', 'This peer has left the network. Reload the page to join again.');
  }

  #refreshStatus(): void {
    const status = this.#readStatus();
    if (JSON.stringify(status) === JSON.stringify(this.#status)) return;
    this.#status = status;
    this.#events.emit('status', status);
  }

  #readStatus(): NodeStatus {
    return { ...this.#network.status(), secure: this.#parts.isSecure, storage: this.#parts.storage };
  }
}

function toLinkInfo(link: Link): LinkInfo {
  return { id: link.peer.id, name: link.name, path: link.path, rttMs: link.rttMs };
}

function linkFailure(error: unknown): SkeinError {
  if (!(error instanceof LinkError))
    return new SkeinError('internal', 'The link failed for an unknown reason.', { cause: error });
  const code =
    error.code === 'over-budget' || error.code === 'timeout' || error.code === 'unreachable'
      ? error.code
      : 'link-failed';
  return new SkeinError(code, error.message, { cause: error });
}
