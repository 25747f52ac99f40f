import { MAX_NAME_BYTES } from '../../../shared/src/limits/links.ts';
import { MAX_LANES } from '../../../shared/src/limits/overlay.ts';
import { shuffle } from '../../../shared/src/machine.ts';
import {
  type BucketInfo,
  type Call,
  type CallOptions,
  type ContactInfo,
  type Download,
  type DownloadOptions,
  type LinkInfo,
  type LookupOptions,
  type LookupResult,
  type Node,
  type NodeEvents,
  type NodeStatus,
  type PutResult,
  type RateLimits,
  type Share,
  type ShareOptions,
  SkeinError,
  type StoredRecord,
} from '../api.ts';
import { formatAddress, parseAddress } from './address.ts';
import { HeldEmitter } from './held-emitter.ts';
import { toKey } from './keys.ts';
import { LazyCalls } from './lazy-calls.ts';
import { LazySwarm } from './lazy-swarm.ts';
import { leftError } from './left-error.ts';
import { linkFailure, toLinkInfo } from './link-info.ts';
import { Network } from './network.ts';
import { type NodeParts, callHost, swarmHost } from './node-hosts.ts';
import { checkedLimits } from './rate-limits.ts';
import type { PutOptions } from './records.ts';
import { sendToSome } from './send-to-some.ts';

/** How long a lookup of the public door may take. [ms] Several times the slowest healthy lookup. */
const LOOKUP_TIMEOUT_MS = 10_000;

/** How long an application message may be on its way, to all its receivers together. [ms] */
const APP_MESSAGE_TIMEOUT_MS = 10_000;

/** Largest message of `sendTo`. [bytes] Leaves room for sealing inside one routed frame. */
const MAX_APP_MESSAGE_BYTES = 8 * 1024;

/** The composition root: one peer made of the network, the swarm and calls, behind the public door. */
export class SkeinNode implements Node {
  readonly #parts: NodeParts;
  readonly #events = new HeldEmitter<NodeEvents>();
  readonly #network: Network;
  readonly #swarm: LazySwarm;
  readonly #calls: LazyCalls;
  #name: string;
  #hasLeft = false;
  #leaving = Promise.resolve();
  #storage: NodeStatus['storage'];
  #status: NodeStatus;

  constructor(parts: NodeParts) {
    this.#parts = parts;
    this.#name = fitName(parts.name);
    this.#storage = parts.storage;
    this.#network = this.#createNetwork();
    this.#swarm = this.#createSwarm();
    this.#calls = this.#createCalls();
    this.#status = this.#readStatus();
  }

  /**
   * Connects to the server, if there is one, and starts joining. Resolves when the node can be handed out: the code of
   * its swarms is here, or was waited for long enough. Events of the time before are told to whoever listens then.
   */
  async start(): Promise<void> {
    this.#network.start();
    await this.#swarm.start();
    // In a task of its own: who awaits the node adds listeners first.
    this.#parts.clock.setTimer(this.#parts.clock.now(), () => this.#events.release());
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

  /** True from `leave` on. */
  get hasLeft(): boolean {
    return this.#hasLeft;
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
      virtual: entry.isVirtual ?? false,
      sibling: entry.isSibling,
      rttMs: entry.rttMs,
    }));
  }

  buckets(): BucketInfo[] {
    return [...this.#network.overlay.snapshot().buckets];
  }

  on<E extends keyof NodeEvents>(event: E, listener: (payload: NodeEvents[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  rename(name: string): void {
    this.#checkRunning();
    this.#name = fitName(name);
    this.#parts.saveName(this.#name);
    this.#calls.renamed();
    this.#refreshStatus();
  }

  leave(): Promise<void> {
    if (!this.#hasLeft) {
      this.#hasLeft = true;
      this.#leaving = this.#leave();
    }
    return this.#leaving;
  }

  async #leave(): Promise<void> {
    const hangingUp = this.#calls.close();
    // Else BYE is said in the task of the caller, whose page may be about to go.
    if (hangingUp) await hangingUp;
    this.#network.sayBye();
    await Promise.all([this.#swarm.close(), this.#network.whenSaid()]);
    this.#network.stop();
    this.#parts.releaseIdentity();
    this.#refreshStatus();
  }

  /** Hangs up and tells linked peers that this one is going, without waiting: for a page that is being closed. */
  sayBye(): void {
    void this.#calls.close();
    this.#network.sayBye();
  }

  async lookup(key: string | Uint8Array, options: LookupOptions = {}): Promise<LookupResult> {
    this.#checkRunning();
    const target = toKey(key);
    const { disjoint = 1, mode = 'recursive' } = options;
    if (!Number.isInteger(disjoint) || disjoint < 1 || disjoint > MAX_LANES || !/^(recurs|iterat)ive$/.test(mode))
      throw new SkeinError(
        'bad-argument',
        `A lookup is recursive or iterative, and takes 1 to ${MAX_LANES} disjoint ways.`,
      );
    const found = await this.#network.overlay.lookup(target, { ...options, timeoutMs: LOOKUP_TIMEOUT_MS });
    const closest = found.closest.map((contact) => contact.id);
    return { key: target, closest, hops: found.hops, ms: found.elapsedMs, path: found.path };
  }

  async put(key: string | Uint8Array, bytes: Uint8Array, options: PutOptions = {}): Promise<PutResult> {
    this.#checkRunning();
    return this.#network.records.put(toKey(key), bytes, options);
  }

  async get(key: string | Uint8Array, options: { readonly fresh?: boolean } = {}): Promise<Uint8Array | undefined> {
    return (await this.getRecord(key, options))?.bytes;
  }

  async getRecord(
    key: string | Uint8Array,
    options: { readonly fresh?: boolean } = {},
  ): Promise<StoredRecord | undefined> {
    this.#checkRunning();
    const record = await this.#network.records.get(toKey(key), options.fresh);
    if (!record) return undefined;
    const { value, sequence, author, expiresAt } = record;
    return { bytes: new Uint8Array(value), sequence, author: author.id, expiresAt };
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

  async findProviders(key: string | Uint8Array, options: { readonly fresh?: boolean } = {}): Promise<string[]> {
    this.#checkRunning();
    return (await this.#network.overlay.findProviders(toKey(key), options.fresh)).map((contact) => contact.id);
  }

  async sendTo(
    key: string | Uint8Array,
    message: Uint8Array,
    { replicas = 1 }: { readonly replicas?: number } = {},
  ): Promise<number> {
    this.#checkRunning();
    if (!(message instanceof Uint8Array) || Number.isNaN(replicas))
      throw new SkeinError('bad-argument', 'A message is bytes, as Uint8Array, and replicas are a number.');
    if (message.length > MAX_APP_MESSAGE_BYTES) {
      throw new SkeinError(
        'too-large',
        `A message holds at most ${MAX_APP_MESSAGE_BYTES} bytes. Share larger data as a file.`,
      );
    }
    const target = toKey(key);
    const payload = new Uint8Array(message);
    const providers = (await this.#network.overlay.findProviders(target)).map((contact) => contact.id);
    const receivers = shuffle(
      this.#parts.rng,
      (providers.length > 0 ? providers : [target]).filter((id) => id !== this.id),
    );
    const distribution = { receivers, wanted: replicas, timeoutMs: APP_MESSAGE_TIMEOUT_MS };
    return sendToSome(distribution, this.#parts.clock, (id, withinMs) =>
      this.#network.post.send(id, 'app', payload, withinMs),
    );
  }

  async connect(id: string): Promise<LinkInfo> {
    this.#checkRunning();
    const target = parseAddress(id);
    const contact = target && (await this.#network.post.resolve(target));
    if (!contact) throw new SkeinError('not-found', 'Nobody in the network knows this peer. It may have left.');
    try {
      return toLinkInfo(await this.#network.links.open(contact, 'overlay'));
    } catch (error) {
      throw linkFailure(error);
    }
  }

  async share(files: readonly File[], options: ShareOptions = {}): Promise<Share> {
    this.#checkRunning();
    return this.#swarm.share(files, options);
  }

  get limits(): RateLimits {
    return this.#swarm.limits;
  }

  setLimits(limits: RateLimits): void {
    this.#checkRunning();
    this.#swarm.setLimits(checkedLimits(limits));
  }

  download(source: string | Uint8Array, options: DownloadOptions = {}): Download {
    this.#checkRunning();
    return this.#swarm.download(source, options);
  }

  async call(who: string, options: CallOptions): Promise<Call> {
    this.#checkRunning();
    return this.#calls.call(who, options);
  }

  #createNetwork(): Network {
    return new Network(
      { ...this.#parts, name: () => this.#name },
      {
        joined: () => this.#calls.joined(),
        serverJoined: () => this.#swarm.serverJoined(),
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
        lookup: (trace) => this.#events.emit('lookup', trace),
      },
    );
  }

  #createSwarm(): LazySwarm {
    return new LazySwarm(swarmHost(this.#parts, this.#network), {
      share: (share) => this.#events.emit('share', share),
      download: (download) => this.#events.emit('download', download),
      nothingKept: () => {
        this.#storage = 'memory';
        this.#refreshStatus();
      },
    });
  }

  #createCalls(): LazyCalls {
    return new LazyCalls(
      callHost(this.#parts, this.#network, {
        name: () => this.#name,
        onIncoming: (call) => this.#events.emit('incomingcall', call),
        transfers: () => this.#swarm.transfers,
      }),
    );
  }

  #checkRunning(): void {
    if (this.#hasLeft) throw leftError();
  }

  #refreshStatus(): void {
    const status = this.#readStatus();
    if (JSON.stringify(status) === JSON.stringify(this.#status)) return;
    this.#status = status;
    this.#events.emit('status', status);
  }

  #readStatus(): NodeStatus {
    return { ...this.#network.status(), secure: this.#parts.isSecure, storage: this.#storage };
  }
}

/** As much of a name as peers take. */
function fitName(name: string): string {
  return name.slice(0, new TextEncoder().encodeInto(name, new Uint8Array(MAX_NAME_BYTES)).read);
}
