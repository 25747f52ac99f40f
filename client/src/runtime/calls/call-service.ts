import { toHex } from '../../../../shared/src/bytes.ts';
import type { Contact, NodeId } from '../../../../shared/src/ids.ts';
import { CALL_ID_BYTES, MAX_MEDIA_QUEUE } from '../../../../shared/src/limits/calls.ts';
import { randomBytes } from '../../../../shared/src/machine.ts';
import { SkeinError, type Call, type CallMedia, type CallOptions } from '../../api.ts';
import { CallMachine } from '../../calls/machine.ts';
import type { CallCommand, CallId, CallInput, CallMachineEvent, CallOutput } from '../../calls/types.ts';
import { parseAddress } from '../address.ts';
import { Driver } from '../driver.ts';
import { leftError } from '../left-error.ts';
import { CallHandle, type CallHandleOptions } from './call-handle.ts';
import { IncomingCallHandle } from './incoming-call-handle.ts';
import type { CallHost } from './host.ts';
import { Registration } from './registration.ts';

/** How long leaving waits for others to hear of it. [ms] Many round trips; whoever is gone hears nothing. */
const FAREWELL_PATIENCE_MS = 1_000;

/** Places and takes calls: drives the machine, keeps the handles, and registers where this device is. */
export class CallService {
  readonly #host: CallHost;
  readonly #machine: CallMachine;
  readonly #driver: Driver<CallInput, CallOutput>;
  readonly #registration: Registration;
  /** BOUNDED: by the machine, which has one call at a time, and by one that is being placed. */
  readonly #handles = new Map<CallId, CallHandle>();
  /** A call that is not yet the machine's: its address is looked up, or a person is asked for the camera. */
  #placing: CallHandle | undefined;
  /** Has the call that is being placed be rejected with that. */
  #giveUp: (error: SkeinError) => void = () => undefined;
  /** What the call being placed says before its INVITE. BOUNDED: by MAX_MEDIA_QUEUE. */
  readonly #held: CallCommand[] = [];
  /** Calls to an address without a location record. BOUNDED: by the handles. */
  readonly #unregistered = new Set<CallHandle>();
  /** What is said at the end, while it is on its way. BOUNDED: by the devices of the one call, and the one record. */
  #farewell: Promise<unknown>[] | undefined;
  #isClosed = false;

  constructor(host: CallHost) {
    this.#host = host;
    this.#machine = new CallMachine(host.self.id, host.name(), [host.self.id]);
    this.#driver = new Driver(this.#machine, host.clock, (output) => this.#carryOut(output));
    this.#registration = new Registration(host);
  }

  /** Calls that are not over. */
  get calls(): readonly Call[] {
    return [...this.#handles.values()];
  }

  /** What was refused and dropped, for diagnostics. */
  get counters(): CallMachine['counters'] {
    return this.#machine.counters;
  }

  /** The node has joined, or joined again: register. */
  joined(): void {
    if (!this.#isClosed) this.#registration.start();
  }

  /** The display name changed. */
  renamed(): void {
    this.#command({ kind: 'rename', name: this.#host.name() });
    this.#registration.refresh();
  }

  /** A call message whose sender is proven. */
  receive(from: Contact, payload: Uint8Array): void {
    this.#driver.push({ kind: 'received', from: from.id, bytes: payload });
  }

  /**
   * Calls the devices of an address, or the device of that id. Resolves when INVITE is on its way. Rejects with a
   * `SkeinError`: what is no address, media that is refused or missing, a call that is going on already, or one that was
   * given up. When that person is calling at this moment, their call is answered instead.
   */
  async call(who: string, { signal, ...media }: CallOptions): Promise<Call> {
    if (this.#isClosed) throw leftError();
    if (signal?.aborted) throw abortedError();
    const id = this.#idOf(who);
    const ringing = this.#ringingFrom(id);
    if (ringing) return answered(ringing, media);
    this.#checkFree();
    if (this.#placing)
      throw new SkeinError('refused', 'You are calling someone already. Hang up first, then call again.');
    const handle = new CallHandle(this.#optionsFor(toHex(randomBytes(this.#host.rng, CALL_ID_BYTES)), id), 'outgoing');
    this.#placing = handle;
    const givenUp = new Promise<never>((_, reject) => (this.#giveUp = reject));
    const giveUp = (): void => this.#giveUp(abortedError());
    signal?.addEventListener('abort', giveUp);
    try {
      // A person who is asked for the camera may never answer.
      const crossing = await Promise.race([this.#place(handle, id, media), givenUp]);
      return crossing ? await answered(crossing, media) : handle;
    } catch (error) {
      this.#abandon(handle);
      throw error;
    } finally {
      signal?.removeEventListener('abort', giveUp);
      if (this.#placing === handle) this.#placing = undefined;
    }
  }

  /**
   * Hangs up, unregisters and stops. Undefined when nobody need be told; else it resolves when they were, or after
   * FAREWELL_PATIENCE_MS: only then may the ways of letters and records be closed.
   */
  close(): Promise<void> | undefined {
    if (this.#isClosed) return undefined;
    this.#isClosed = true;
    const farewell: Promise<unknown>[] = (this.#farewell = []);
    this.#command({ kind: 'leave' });
    if (this.#placing) this.#abandon(this.#placing);
    this.#giveUp(leftError());
    if (this.#registration.isActive) farewell.push(this.#registration.stop());
    this.#driver.stop();
    return farewell.length === 0 ? undefined : this.#said(farewell);
  }

  async #said(farewell: readonly Promise<unknown>[]): Promise<void> {
    const { clock } = this.#host;
    await new Promise<void>((resolve) => {
      const cancel = clock.setTimer(clock.now() + FAREWELL_PATIENCE_MS, resolve);
      void Promise.all(farewell).then(() => {
        cancel();
        resolve();
      });
    });
  }

  /**
   * Finds the devices and opens the camera at the same time. Where a person must be asked for the camera, nobody rings
   * before they agreed, and no address is gathered: with permission the browser gives out better ones.
   * Returns a call of that person that came in meanwhile, which is then to be answered.
   */
  async #place(handle: CallHandle, id: NodeId, media: CallMedia): Promise<IncomingCallHandle | undefined> {
    const resolving = this.#registration.resolve(id);
    const isGranted = await this.#host.media.isGranted(media);
    if (isGranted) handle.openSession();
    const opening = handle.openLocal(media);
    if (!isGranted) await opening;
    handle.openSession();
    // Awaited below; until then its failure is nobody's yet.
    let hasFailed = false;
    opening.catch(() => (hasFailed = true));
    const location = await resolving;
    if (hasFailed) await opening;
    if (handle.state === 'ended') throw new SkeinError('call-ended', 'The call was given up before it rang.');
    const crossing = this.#ringingFrom(id);
    if (crossing) {
      this.#abandon(handle);
      return crossing;
    }
    this.#checkFree();
    if (location) handle.learnName(location.name);
    else this.#unregistered.add(handle);
    this.#handles.set(handle.id, handle);
    this.#command({ kind: 'invite', callId: handle.id, address: id, devices: location?.devices ?? [id], media });
    for (const held of this.#held.splice(0)) this.#command(held);
    await opening.catch((error: unknown) => {
      // Refused before the camera was ready: the call is over, and says why by itself.
      if (handle.state === 'ended') return;
      handle.hangUpFor('media-failed');
      throw error;
    });
    return undefined;
  }

  #carryOut(output: CallOutput): void {
    if (output.kind === 'emit') return this.#onEvent(output.event);
    const { to, callId, bytes, within } = output;
    const sending = this.#host.sendMail(to, bytes, within);
    this.#farewell?.push(sending);
    void sending.then((isDelivered) => {
      if (!isDelivered) this.#driver.push({ kind: 'undeliverable', to, callId });
    });
  }

  #onEvent(event: CallMachineEvent): void {
    if (event.kind === 'incoming') return this.#onIncoming(event);
    const callId = event.kind === 'merged' ? event.from : event.callId;
    const handle = this.#handles.get(callId);
    if (!handle) return undefined;
    if (event.kind === 'merged') {
      this.#handles.delete(callId);
      this.#handles.set(event.into, handle);
    } else if (event.kind === 'ended') {
      this.#handles.delete(callId);
      const isNowhere = this.#unregistered.delete(handle) && event.end === 'unreachable';
      return handle.handleEvent(isNowhere ? { ...event, end: 'not-found' } : event);
    }
    return handle.handleEvent(event);
  }

  #onIncoming({ callId, from, name, media }: Extract<CallMachineEvent, { kind: 'incoming' }>): void {
    const options = this.#optionsFor(callId, from);
    const handle = new IncomingCallHandle({ ...options, name: name || options.name }, media);
    this.#handles.set(callId, handle);
    this.#host.onIncoming(handle);
  }

  #optionsFor(callId: CallId, peer: NodeId): CallHandleOptions {
    return {
      host: this.#host,
      callId,
      peer,
      name: this.#host.nameOf(peer),
      command: (command) => this.#command(command),
    };
  }

  /** Gives the machine a command, or holds it back while its call is not the machine's yet. */
  #command(command: CallCommand): void {
    const isEarly = 'callId' in command && command.callId === this.#placing?.id && command.kind !== 'invite';
    if (!isEarly || this.#handles.has(command.callId)) return this.#driver.push({ kind: 'command', command });
    if (this.#held.length < MAX_MEDIA_QUEUE) this.#held.push(command);
  }

  #idOf(who: string): NodeId {
    const id = parseAddress(who);
    if (!id) throw new SkeinError('bad-argument', 'This is not an address. An address looks like amber-otter.k7f3… ');
    if (id === this.#host.self.id) throw new SkeinError('bad-argument', 'This is your own address.');
    return id;
  }

  #ringingFrom(id: NodeId): IncomingCallHandle | undefined {
    for (const handle of this.#handles.values()) {
      if (handle instanceof IncomingCallHandle && handle.state === 'ringing' && handle.peer.id === id) return handle;
    }
    return undefined;
  }

  #checkFree(): void {
    const [other] = this.#handles.values();
    if (!other) return;
    const message =
      other.state === 'ringing' && other.direction === 'incoming'
        ? `${other.peer.name ?? 'Someone'} is calling you. Answer or decline, then call again.`
        : 'You are in a call already. Hang up first, then call again.';
    throw new SkeinError('refused', message);
  }

  /** Ends a call that never became the machine's, or whose placing failed. */
  #abandon(handle: CallHandle): void {
    if (this.#handles.has(handle.id)) return handle.hangUp();
    this.#held.length = 0;
    if (handle.state !== 'ended') handle.handleEvent({ kind: 'ended', callId: handle.id, end: 'cancelled' });
  }
}

async function answered(call: IncomingCallHandle, media: CallMedia): Promise<Call> {
  await call.answer(media);
  return call;
}

function abortedError(): SkeinError {
  return new SkeinError('aborted', 'The call was cancelled before it was on its way.');
}
