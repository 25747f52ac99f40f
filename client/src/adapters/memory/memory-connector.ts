import { CONTROL_HIGH_WATER_BYTES, MAX_CONTROL_MESSAGE_BYTES } from '../../../../shared/src/limits/links.ts';
import { type Rng, randomBytes } from '../../../../shared/src/machine.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  LinkPath,
  PairInfo,
  RawCloseReason,
  RawConnection,
  RawConnectionHandler,
  RawConnector,
  SendOutcome,
} from '../../ports/links.ts';
import { MemoryChannel } from './memory-channel.ts';

/** How a memory network behaves. Every field may be changed while it runs. */
export interface MemoryNetworkOptions {
  /** One way. [ms] */
  latencyMs: number;
  /** From `connect` or `accept` to the local description. [ms] */
  gatherMs: number;
  /** How connections travel; `none` means that no pair of candidates connects. */
  path: LinkPath | 'none';
  /** From both descriptions to ICE's failure when `path` is `none`. [ms] */
  iceFailureMs: number;
}

const SDP_PREFIX = 'memory ';

/** A network inside one process: connections between connectors of the same network, with time from `clock`. For tests. */
export class MemoryNetwork {
  readonly options: MemoryNetworkOptions;
  readonly clock: Clock;
  readonly #rng: Rng;
  /** Ends that wait for their other end, by the token of their description. UNBOUNDED: tests are short. */
  readonly #ends = new Map<string, MemoryConnection>();
  #tokens = 0;

  constructor(clock: Clock, rng: Rng, options: Partial<MemoryNetworkOptions> = {}) {
    this.clock = clock;
    this.#rng = rng;
    this.options = { latencyMs: 10, gatherMs: 5, path: 'direct', iceFailureMs: 1000, ...options };
  }

  /** A connector of one peer. `made` lists its connections, oldest first, so that a test can break them. */
  connector(): RawConnector & { readonly made: MemoryConnection[] } {
    const made: MemoryConnection[] = [];
    return {
      made,
      connect: (role, { relayOnly }, handler) => {
        const token = String(this.#tokens++);
        const connection = new MemoryConnection(this, role, token, relayOnly, handler, randomBytes(this.#rng, 32));
        this.#ends.set(token, connection);
        made.push(connection);
        return connection;
      },
    };
  }

  find(token: string): MemoryConnection | undefined {
    return this.#ends.get(token);
  }
}

/** One end of a connection of a memory network. */
export class MemoryConnection implements RawConnection {
  readonly #network: MemoryNetwork;
  readonly #role: 'offerer' | 'answerer';
  readonly #token: string;
  readonly #relayOnly: boolean;
  readonly #handler: RawConnectionHandler;
  readonly #certificate: Uint8Array;
  readonly #channels = new Map<number, MemoryChannel>();
  #far: MemoryConnection | undefined;
  #state: 'opening' | 'open' | 'closed' = 'opening';
  /** Broken, and the handler not told yet. */
  #isEnding = false;
  #queuedBytes = 0;
  #isOverHighWater = false;

  constructor(
    network: MemoryNetwork,
    role: 'offerer' | 'answerer',
    token: string,
    relayOnly: boolean,
    handler: RawConnectionHandler,
    certificate: Uint8Array,
  ) {
    this.#network = network;
    this.#role = role;
    this.#token = token;
    this.#relayOnly = relayOnly;
    this.#handler = handler;
    this.#certificate = certificate;
    if (role === 'offerer') this.#describe('');
  }

  get state(): 'opening' | 'open' | 'closed' {
    return this.#state;
  }

  get isOpen(): boolean {
    return this.#state === 'open' && !this.#isEnding;
  }

  accept(sdp: string): void {
    const [, token] = /^memory (\d+)/.exec(sdp) ?? [];
    const far = token === undefined ? undefined : this.#network.find(token);
    if (!sdp.startsWith(SDP_PREFIX) || !far)
      return this.#later(0, () => this.#end('error', 'the description is malformed'));
    if (this.#far || this.#state !== 'opening') return;
    this.#far = far;
    if (this.#role === 'answerer') this.#describe('');
    else this.#joinWith(far);
  }

  send(bytes: Uint8Array): SendOutcome {
    if (this.#state !== 'open' || bytes.length > MAX_CONTROL_MESSAGE_BYTES) return 'refused';
    const copy = bytes.slice();
    this.#queuedBytes += copy.length;
    if (this.#queuedBytes > CONTROL_HIGH_WATER_BYTES) this.#isOverHighWater = true;
    this.#later(this.#network.options.latencyMs, () => {
      this.#queuedBytes -= copy.length;
      const far = this.#far;
      if (far?.state === 'open') far.#handler.message(copy);
      if (this.#state !== 'open' || !this.#isOverHighWater || this.#queuedBytes > 0) return;
      this.#isOverHighWater = false;
      this.#handler.writable();
    });
    return this.#isOverHighWater ? 'wait' : 'sent';
  }

  get queuedBytes(): number {
    return this.#state === 'open' ? this.#queuedBytes : 0;
  }

  fingerprints(): { readonly local: Uint8Array; readonly remote: Uint8Array } | undefined {
    return this.#far && { local: this.#certificate, remote: this.#far.#certificate };
  }

  openChannel(id: number, label: string): RTCDataChannel {
    const channel = new MemoryChannel(id, label, (act) => this.#later(this.#network.options.latencyMs, act));
    this.#channels.set(id, channel);
    const twin = this.#far && this.#far.#channels.get(id);
    if (twin) MemoryChannel.join(channel, twin);
    // Tests use the few members that engines use; a whole RTCDataChannel exists in browsers only.
    return channel as unknown as RTCDataChannel;
  }

  async pair(): Promise<PairInfo> {
    const { path, latencyMs } = this.#network.options;
    const rttMs = this.#state === 'open' ? 2 * latencyMs : undefined;
    return { path: path === 'none' ? 'direct' : path, rttMs, network: undefined };
  }

  close(): void {
    const far = this.#far;
    if (this.#state === 'closed') return;
    // What is not connected yet has no way to say so.
    const canTell = this.#state === 'open';
    this.#later(0, () => this.#end('closed', 'closed on this side'));
    this.#later(this.#network.options.latencyMs, () => {
      if (far && canTell) far.#end('closed', 'the other side closed the connection');
    });
  }

  /** The other side has vanished, as after a crash: only this end learns of it. */
  break(reason: RawCloseReason): void {
    this.#isEnding = true;
    this.#later(0, () => this.#end(reason, 'broken by the test'));
  }

  #describe(extra: string): void {
    const { gatherMs, path } = this.#network.options;
    const relay = this.#relayOnly && path !== 'turn' ? '' : ' typ relay';
    this.#later(gatherMs, () => {
      if (this.#state === 'opening') this.#handler.description(`${SDP_PREFIX}${this.#token}${extra}${relay}`);
    });
  }

  #joinWith(far: MemoryConnection): void {
    const { latencyMs, path, iceFailureMs } = this.#network.options;
    for (const end of [this, far]) {
      if (path === 'none') end.#later(iceFailureMs, () => end.#end('ice-failed', 'no pair of candidates connected'));
      else end.#later(2 * latencyMs, () => end.#open());
    }
  }

  #open(): void {
    if (this.#state !== 'opening' || this.#far?.state === 'closed') return;
    this.#state = 'open';
    this.#handler.open();
  }

  #end(reason: RawCloseReason, detail: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    for (const channel of this.#channels.values()) channel.end();
    this.#handler.closed(reason, detail);
  }

  #later(ms: number, act: () => void): void {
    const { clock } = this.#network;
    clock.setTimer(clock.now() + ms, act);
  }
}
