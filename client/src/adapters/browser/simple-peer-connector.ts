import SimplePeer, { type SimplePeerError } from 'simple-peer/simplepeer.min.js';
import {
  CONTROL_CHANNEL_ID,
  CONTROL_HARD_LIMIT_BYTES,
  CONTROL_HIGH_WATER_BYTES,
  CONTROL_LOW_WATER_BYTES,
  DISCONNECTED_GRACE_MS,
  MAX_CHANNEL_ID,
  MAX_CONTROL_MESSAGE_BYTES,
} from '../../../../shared/src/limits/links.ts';
import { invariant } from '../../../../shared/src/result.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  PairInfo,
  RawCloseReason,
  RawConnection,
  RawConnectionHandler,
  RawConnector,
  SendOutcome,
} from '../../ports/links.ts';
import type { Log } from '../../ports/log.ts';
import { browserClock } from './clock.ts';
import { Gathering } from './gathering.ts';
import type { PairReader } from './pair-reader.ts';
import { findSdpFault, parseFingerprint } from './sdp.ts';

interface ConnectOptions {
  readonly iceServers: readonly RTCIceServer[];
  readonly relayOnly: boolean;
}

/** A grace timer that fires this much late ran in a page that was frozen: it says nothing about the other side. [ms] */
const STALL_MS = 2_000;

/** simple-peer's errors that mean no candidate pair works. */
const ICE_ERRORS: ReadonlySet<string | undefined> = new Set(['ERR_ICE_CONNECTION_FAILURE', 'ERR_CONNECTION_FAILURE']);

/** Makes connections with simple-peer. */
export class SimplePeerConnector implements RawConnector {
  readonly #log: Log;
  readonly #clock: Clock;

  constructor(log: Log, clock: Clock = browserClock) {
    this.#log = log;
    this.#clock = clock;
  }

  connect(role: 'offerer' | 'answerer', options: ConnectOptions, handler: RawConnectionHandler): RawConnection {
    return new SimplePeerConnection(role, options, handler, this.#clock, this.#log);
  }
}

/**
 * One simple-peer connection. simple-peer negotiates, watches ICE and tears down; its internals `_pc` and `_channel`
 * are used for what it has no word for: further channels, fingerprints, the moment at which the channel opens (its own
 * `connect` comes up to 100 ms later, after polling statistics) and the send queue.
 */
class SimplePeerConnection implements RawConnection {
  readonly #role: 'offerer' | 'answerer';
  readonly #handler: RawConnectionHandler;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #gathering: Gathering;
  #peer: SimplePeer | undefined;
  #state: 'opening' | 'open' | 'closed' = 'opening';
  /** What was accepted. `remoteDescription` is still null at times when the channel opens: Chromium sets it a task later. */
  #remoteSdp: string | undefined;
  #isOverHighWater = false;
  #cancelGrace: (() => void) | undefined;
  #failure: { readonly reason: RawCloseReason; readonly detail: string } | undefined;
  #fingerprints: { readonly local: Uint8Array; readonly remote: Uint8Array } | undefined;
  #pair: PairReader | undefined;

  constructor(
    role: 'offerer' | 'answerer',
    options: ConnectOptions,
    handler: RawConnectionHandler,
    clock: Clock,
    log: Log,
  ) {
    this.#role = role;
    this.#handler = handler;
    this.#clock = clock;
    this.#log = log;
    this.#gathering = new Gathering(
      clock,
      options,
      () => this.#localSdp,
      () => this.#describe(),
    );
    try {
      this.#start(options);
    } catch (error) {
      // Without WebRTC, or with an ICE server address that the browser refuses, the constructor throws.
      queueMicrotask(() =>
        this.#closed('error', error instanceof Error ? error.message : 'no connection could be made'),
      );
    }
  }

  get isOpen(): boolean {
    return this.#state === 'open' && this.#peer?._channel?.readyState === 'open';
  }

  accept(sdp: string): void {
    const peer = this.#peer;
    if (!peer || peer.destroyed || peer.destroying) return;
    if (this.#remoteSdp !== undefined) return;
    const fault = findSdpFault(sdp);
    if (fault !== undefined) return this.#fail('error', fault);
    this.#remoteSdp = sdp;
    peer.signal({ type: this.#role === 'offerer' ? 'answer' : 'offer', sdp });
  }

  send(bytes: Uint8Array): SendOutcome {
    const channel = this.#peer?._channel;
    if (this.#state !== 'open' || channel?.readyState !== 'open') return 'refused';
    if (bytes.length > MAX_CONTROL_MESSAGE_BYTES) return 'refused';
    const isFull = channel.bufferedAmount + bytes.length > CONTROL_HARD_LIMIT_BYTES;
    if (isFull)
      this.#log.log('warn', 'control message refused: its sender does not wait', { queued: channel.bufferedAmount });
    else this.#peer?.send(bytes);
    if (channel.bufferedAmount > CONTROL_HIGH_WATER_BYTES) this.#isOverHighWater = true;
    return this.#isOverHighWater ? 'wait' : 'sent';
  }

  get queuedBytes(): number {
    return this.isOpen ? (this.#peer?._channel?.bufferedAmount ?? 0) : 0;
  }

  fingerprints(): { readonly local: Uint8Array; readonly remote: Uint8Array } | undefined {
    if (this.#fingerprints) return this.#fingerprints;
    const local = parseFingerprint(this.#localSdp);
    const remote = parseFingerprint(this.#remoteSdp ?? '');
    if (local && remote) this.#fingerprints = { local, remote };
    return this.#fingerprints;
  }

  openChannel(id: number, label: string): RTCDataChannel {
    invariant(id > CONTROL_CHANNEL_ID && id <= MAX_CHANNEL_ID, `channel id ${id} is out of range`);
    const connection = this.#peer?._pc;
    if (!connection) throw new DOMException('the connection is closed', 'InvalidStateError');
    return connection.createDataChannel(label, { negotiated: true, id });
  }

  async pair(): Promise<PairInfo | undefined> {
    try {
      // Not a part of what a page loads before it joins: nothing is read before there is a link.
      const { PairReader } = await import('./pair-reader.ts');
      const connection = this.#peer?._pc;
      this.#pair ??= new PairReader(this.#clock);
      return connection ? await this.#pair.read(connection) : undefined;
    } catch {
      return undefined;
    }
  }

  close(): void {
    this.#fail('closed', 'closed on this side');
  }

  #start(options: ConnectOptions): void {
    const peer = new SimplePeer({
      initiator: this.#role === 'offerer',
      trickle: true,
      config: {
        iceServers: [...options.iceServers],
        iceTransportPolicy: options.relayOnly ? 'relay' : 'all',
        bundlePolicy: 'max-bundle',
      },
      channelName: 'control',
      // Negotiated, so that both sides have it at once and no channel of the other side can take its place.
      channelConfig: { negotiated: true, id: CONTROL_CHANNEL_ID },
      objectMode: true,
    });
    this.#peer = peer;
    peer.on('signal', (signal) => this.#onSignal(signal.type));
    peer.on('_iceComplete', () => this.#gathering.complete());
    peer.on('iceStateChange', (ice, gathering) => this.#onIceState(ice, gathering));
    peer.on('data', (data) => this.#onData(data));
    peer.on('error', (error) => this.#onError(error));
    peer.on('close', () => this.#onClose());
    const channel = peer._channel;
    if (!channel) return;
    channel.addEventListener('open', () => this.#onOpen(channel));
    channel.addEventListener('bufferedamountlow', () => this.#onBufferLow());
  }

  get #localSdp(): string {
    return this.#peer?._pc?.localDescription?.sdp ?? '';
  }

  /** simple-peer signals its description as soon as it is set, then each candidate; they leave here in one piece. */
  #onSignal(type: string): void {
    if (type !== 'offer' && type !== 'answer') return this.#gathering.candidate();
    this.#gathering.begin();
    if (this.#peer?._pc?.iceGatheringState === 'complete') this.#gathering.complete();
  }

  #describe(): void {
    if (this.#state !== 'closed') this.#handler.description(this.#localSdp);
  }

  #onOpen(channel: RTCDataChannel): void {
    if (this.#state !== 'opening') return;
    channel.bufferedAmountLowThreshold = CONTROL_LOW_WATER_BYTES;
    this.#state = 'open';
    this.#handler.open();
  }

  #onData(data: Uint8Array | string): void {
    if (this.#state === 'closed' || typeof data === 'string') return;
    // A plain view instead of simple-peer's Buffer, whose `slice` aliases; the browser made the memory for this message.
    this.#handler.message(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }

  #onBufferLow(): void {
    if (!this.#isOverHighWater || this.#state !== 'open') return;
    this.#isOverHighWater = false;
    this.#handler.writable();
  }

  #onIceState(ice: RTCIceConnectionState, gathering: RTCIceGatheringState): void {
    if (gathering === 'complete') this.#gathering.complete();
    if (ice !== 'disconnected') {
      this.#cancelGrace?.();
      this.#cancelGrace = undefined;
    } else if (!this.#cancelGrace) this.#startGrace();
  }

  /** A killed page says nothing: its silence shows as `disconnected`, which may also be a gap that passes. */
  #startGrace(): void {
    const due = this.#clock.now() + DISCONNECTED_GRACE_MS;
    this.#cancelGrace = this.#clock.setTimer(due, () => {
      this.#cancelGrace = undefined;
      if (this.#peer?._pc?.iceConnectionState !== 'disconnected') return;
      if (this.#clock.now() - due > STALL_MS) this.#startGrace();
      else this.#fail(this.#state === 'open' ? 'closed' : 'ice-failed', 'the other side has fallen silent');
    });
  }

  #onError(error: SimplePeerError): void {
    if (this.#failure) return;
    // Once it was open, whatever ended it is the end of a link: a remote close often shows as "User-Initiated Abort".
    if (this.#state === 'open') this.#failure = { reason: 'closed', detail: error.message };
    else if (ICE_ERRORS.has(error.code))
      this.#failure = { reason: 'ice-failed', detail: 'no pair of candidates connected' };
    else if (error.code === 'ERR_DATA_CHANNEL') this.#failure = { reason: 'closed', detail: error.message };
    else this.#failure = { reason: 'error', detail: error.message };
  }

  #onClose(): void {
    const failure = this.#failure ?? { reason: 'closed', detail: 'the other side closed the connection' };
    this.#closed(failure.reason, failure.detail);
  }

  /** Ends the connection; simple-peer then emits `close` in a task of its own. */
  #fail(reason: RawCloseReason, detail: string): void {
    if (this.#state === 'closed') return;
    this.#failure ??= { reason, detail };
    this.#peer?.destroy();
  }

  #closed(reason: RawCloseReason, detail: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#gathering.stop();
    this.#cancelGrace?.();
    this.#peer = undefined;
    this.#handler.closed(reason, detail);
  }
}
