import type { Contact, Key, NodeId } from '../../../shared/src/ids.ts';
import type { Millis, Rng } from '../../../shared/src/machine.ts';
import { type LookupOptions, type LookupTrace, SkeinError, type SkeinErrorCode } from '../api.ts';
import { Overlay } from '../overlay/overlay.ts';
import { recordSignedBytes } from '../overlay/record-payloads.ts';
import type {
  DeliveryId,
  OpId,
  OverlayCommand,
  OverlayErrorCode,
  OverlayEvent,
  OverlayInput,
  OverlayOutput,
  OverlayResult,
  OverlaySnapshot,
  Protocol,
  SignedRecord,
} from '../overlay/types.ts';
import type { Clock } from '../ports/clock.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { ControlQueue } from './control-queue.ts';
import { Driver } from './driver.ts';
import { leftError } from './left-error.ts';
import { type Link, LinkError, type LinkManager } from './links/types.ts';
import { LookupTraces } from './lookup-traces.ts';

/** How often the overlay is told the wall clock, which record expiries are compared with. [ms] */
const WALL_CLOCK_PERIOD_MS = 60_000;

/** What the overlay tells the node. */
export interface OverlayHandler {
  /** `delivery`: as what an answer may name it for a moment. `over`: the neighbour that brought it. */
  message(
    from: Contact,
    protocol: Protocol,
    payload: Uint8Array,
    delivery: DeliveryId | undefined,
    over: NodeId | undefined,
  ): void;
  joined(): void;
  /** A lookup or read of ours went on. */
  lookup(trace: LookupTrace): void;
}

type Done<K extends OverlayResult['kind']> = Extract<OverlayResult, { kind: K }>;

interface Waiting {
  resolve(result: OverlayResult): void;
  reject(error: unknown): void;
}

/** Drives the overlay machine over the link manager's links and turns its operations into promises. */
export class OverlayService {
  readonly #machine: Overlay;
  readonly #driver: Driver<OverlayInput, OverlayOutput>;
  readonly #crypto: Crypto;
  readonly #clock: Clock;
  readonly #links: () => LinkManager;
  readonly #handler: OverlayHandler;
  /** BOUNDED: by the operations that callers await; the machine ends each at its deadline. */
  readonly #waiting = new Map<OpId, Waiting>();
  readonly #control: ControlQueue;
  readonly #traces: LookupTraces;
  #nextOp = 1;
  #cancelWallClock: (() => void) | undefined;
  #isStopped = false;
  #hasLeft = false;

  constructor(options: {
    readonly crypto: Crypto;
    readonly rng: Rng;
    readonly clock: Clock;
    readonly links: () => LinkManager;
    readonly control: ControlQueue;
    readonly handler: OverlayHandler;
    readonly linkTarget?: number;
    readonly linkHard?: number;
  }) {
    this.#crypto = options.crypto;
    this.#clock = options.clock;
    this.#links = options.links;
    this.#control = options.control;
    this.#handler = options.handler;
    this.#traces = new LookupTraces((trace) => options.handler.lookup(trace));
    this.#machine = new Overlay({
      self: options.crypto.self,
      rng: options.rng,
      ...(options.linkTarget !== undefined && { linkTarget: options.linkTarget }),
      ...(options.linkHard !== undefined && { linkHard: options.linkHard }),
    });
    this.#driver = new Driver(this.#machine, options.clock, (output) => this.#carryOut(output));
    this.tellWallClock();
  }

  snapshot(): OverlaySnapshot {
    return this.#machine.snapshot();
  }

  contactOf(id: NodeId): Contact | undefined {
    return this.#machine.contactOf(id);
  }

  /** True when an offer of `from` is to be answered. `isSpare`: it can do without the link. `over`: who brought it. */
  admits(from: Contact, isSpare: boolean, over: NodeId | undefined): boolean {
    return this.#machine.admits(from, isSpare, this.#clock.now(), over);
  }

  linkUp(link: Link): void {
    const { peer, isOfferer, network } = link;
    this.#driver.push({ kind: 'linkUp', peer, isOutbound: isOfferer, ...(network !== undefined && { network }) });
  }

  linkChanged({ peer, network }: Link): void {
    this.#driver.push({ kind: 'linkNetwork', peer: peer.id, network });
  }

  linkDown(peer: NodeId): void {
    this.#driver.push({ kind: 'linkDown', peer });
  }

  receive(from: NodeId, bytes: Uint8Array): void {
    this.#driver.push({ kind: 'received', from, bytes });
  }

  writable(peer: NodeId): void {
    this.#driver.push({ kind: 'writable', peer });
  }

  introduce(contacts: readonly Contact[]): void {
    if (contacts.length > 0) this.#command({ kind: 'introduce', contacts });
  }

  /** This device slept, and its monotonic clock did not count it. */
  slept(forMs: Millis): void {
    this.#command({ kind: 'slept', forMs });
  }

  lookup(
    key: Key,
    { mode = 'recursive', disjoint = 1, timeoutMs, signal }: LookupOptions & { readonly timeoutMs: Millis },
  ): Promise<Done<'lookup'>> {
    return this.#run('lookup', (op) => ({ kind: 'lookup', op, key, mode, disjoint, timeoutMs }), signal);
  }

  put(record: SignedRecord, expectedSequence?: number): Promise<Done<'put'>> {
    return this.#run('put', (op) => ({ kind: 'put', op, record, expectedSequence }));
  }

  /** The newest record under `key`, of `author` where one is named, or undefined when nobody holds one. */
  async get(key: Key, isFresh = false, author?: NodeId): Promise<SignedRecord | undefined> {
    try {
      const { record } = await this.#run('get', (op) => ({ kind: 'get', op, key, isFresh, author }));
      return record;
    } catch (error) {
      if (error instanceof SkeinError && error.code === 'not-found') return undefined;
      throw error;
    }
  }

  publish(key: Key): Promise<Done<'publish'>> {
    return this.#run('publish', (op) => ({ kind: 'publish', op, key }));
  }

  async unpublish(key: Key): Promise<void> {
    try {
      await this.#run('unpublish', (op) => ({ kind: 'unpublish', op, key }));
    } catch (error) {
      if (!(error instanceof SkeinError) || error.code === 'left') throw error;
      throw new SkeinError(error.code, STILL_ANNOUNCED);
    }
  }

  async findProviders(key: Key, isFresh = false): Promise<readonly Contact[]> {
    return (await this.#run('findProviders', (op) => ({ kind: 'findProviders', op, key, isFresh }))).providers;
  }

  /** True when the target itself acknowledged the payload, or it is on its way back to it in answer to `inAnswerTo`. Never rejects. */
  async route(
    target: NodeId,
    protocol: Protocol,
    payload: Uint8Array,
    timeoutMs: Millis,
    inAnswerTo?: DeliveryId,
  ): Promise<boolean> {
    try {
      await this.#run('route', (op) => ({ kind: 'route', op, target, protocol, payload, timeoutMs, inAnswerTo }));
      return true;
    } catch {
      return false;
    }
  }

  /** Says BYE to every link and hands records over. Frames are sent before this returns. What is under way rejects with `left`. */
  leave(): void {
    this.#giveUp();
    this.#command({ kind: 'leave' });
  }

  /** What is under way, and whatever is asked for from now on, rejects with `left`. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelWallClock?.();
    this.#driver.stop();
    this.#giveUp();
  }

  #giveUp(): void {
    this.#hasLeft = true;
    for (const [op, waiting] of this.#waiting) {
      this.#waiting.delete(op);
      this.#traces.end(op);
      waiting.reject(leftError());
    }
  }

  #command(command: OverlayCommand): void {
    this.#driver.push({ kind: 'command', command });
  }

  /** Tells the overlay what the wall clock shows: now and then, and when it has jumped. */
  tellWallClock(): void {
    if (this.#isStopped) return;
    this.#cancelWallClock?.();
    this.#command({ kind: 'wallClock', wallNow: this.#clock.wallNow() });
    this.#cancelWallClock = this.#clock.setTimer(this.#clock.now() + WALL_CLOCK_PERIOD_MS, () => this.tellWallClock());
  }

  #run<K extends OverlayResult['kind']>(
    kind: K,
    command: (op: OpId) => OverlayCommand,
    signal?: AbortSignal,
  ): Promise<Done<K>> {
    const op = this.#nextOp++;
    return new Promise((resolve, reject) => {
      if (this.#hasLeft) {
        reject(leftError());
        return;
      }
      if (signal?.aborted) {
        reject(operationError('cancelled'));
        return;
      }
      const abort = (): void => {
        this.#command({ kind: 'cancel', op });
        this.#waiting.delete(op);
        this.#traces.end(op);
        reject(operationError('cancelled'));
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.set(op, {
        resolve: (result) => {
          signal?.removeEventListener('abort', abort);
          if (result.kind === kind) resolve(result as Done<K>);
          else if (result.kind === 'failed') reject(operationError(result.code));
          else reject(new SkeinError('internal', `A ${kind} was answered as ${result.kind}.`));
        },
        reject: (error) => {
          signal?.removeEventListener('abort', abort);
          reject(error);
        },
      });
      const order = command(op);
      this.#traces.begin(op, order);
      this.#command(order);
    });
  }

  #carryOut(output: OverlayOutput): void {
    switch (output.kind) {
      case 'send':
        this.#control.send(output.to, output.bytes);
        break;
      case 'openLink':
        void this.#openLink(output.contact, output.isSpare);
        break;
      case 'closeLink':
        if (output.why === 'pruned') this.#links().release(output.peer, 'overlay');
        else this.#links().close(output.peer);
        break;
      case 'run':
        void this.#verify(output.effect, output.verify);
        break;
      case 'emit':
        this.#onEvent(output.event);
        break;
    }
  }

  async #openLink(contact: Contact, isSpare: boolean): Promise<void> {
    const wasUp = this.#links().links.has(contact.id);
    try {
      const link = await this.#links().open(contact, 'overlay', isSpare);
      // The overlay had given up a link that the swarm kept: there is no new one that could come up.
      if (wasUp) this.linkUp(link);
    } catch (error) {
      const code = error instanceof LinkError ? error.code : 'superseded';
      const isRemembered = error instanceof LinkError && error.isRemembered;
      const isPairBroken = code === 'ice-failed';
      const isRefused = code === 'not-needed';
      const isPeerAtFault = !isPairBroken && !isRefused && code !== 'over-budget' && code !== 'superseded';
      this.#command({ kind: 'linkFailed', peer: contact.id, isPeerAtFault, isPairBroken, isRefused, isRemembered });
    }
  }

  async #verify(effect: number, record: SignedRecord): Promise<void> {
    const isValid = await this.#crypto.verify(record.author.publicKey, recordSignedBytes(record), record.signature);
    this.#driver.push({ kind: 'effectDone', effect, isValid });
  }

  #onEvent(event: OverlayEvent): void {
    switch (event.kind) {
      case 'result': {
        this.#traces.end(event.op, event.result);
        const waiting = this.#waiting.get(event.op);
        this.#waiting.delete(event.op);
        waiting?.resolve(event.result);
        break;
      }
      case 'message':
        this.#handler.message(event.from, event.protocol, event.payload, event.delivery, event.over);
        break;
      case 'trail':
        this.#traces.answered(event.op, event.path);
        break;
      case 'joined':
        this.#handler.joined();
        break;
      case 'bye':
        this.#links().close(event.peer);
        break;
    }
  }
}

const OPERATION_ERRORS: Readonly<Record<OverlayErrorCode, readonly [SkeinErrorCode, string]>> = {
  timeout: ['timeout', 'The network did not answer in time. Try again.'],
  unreachable: ['unreachable', 'The peer cannot be reached: it has probably left the network.'],
  'no-links': ['no-links', 'No other peer is linked yet. Open this page in another tab or on another device.'],
  refused: ['refused', 'The peers that keep this key refused it. Try again.'],
  'cas-mismatch': ['cas-mismatch', 'Another version is stored than the expected one. Read it and try again.'],
  uncertain: ['uncertain', 'Too few keepers confirmed this version, but it may stay. Read it again in two minutes.'],
  'stale-sequence': ['stale-sequence', 'A newer version is stored. Is the clock of this device right?'],
  'bad-signature': ['bad-signature', 'The signature of the record does not fit its author.'],
  expired: ['expired', 'The record has expired by the clock of its keepers. Is the clock of this device right?'],
  'wrong-key': ['wrong-key', 'This key belongs to the record of another author.'],
  quota: ['quota', 'The peers that keep this key have no room for more records. Try again later.'],
  'too-large': ['too-large', 'The value is larger than the network carries. Share it as a file instead.'],
  cancelled: ['aborted', 'The operation was cancelled.'],
  'not-found': ['not-found', 'Nobody in the network holds this key.'],
};

/** Whatever kept replicas from dropping an announcement. */
const STILL_ANNOUNCED =
  'This peer may be named as a provider for up to ten more minutes: too few peers confirmed that its announcement is gone. Try again.';

function operationError(code: OverlayErrorCode): SkeinError {
  const [errorCode, message] = OPERATION_ERRORS[code];
  return new SkeinError(errorCode, message);
}
