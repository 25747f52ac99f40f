import type { NodeId } from '../../../../shared/src/ids.ts';
import { randomBelow, randomUnit, seededRng, type Millis, type Rng } from '../../../../shared/src/machine.ts';
import { decodeCallMessage } from '../codec.ts';
import { CallMachine } from '../machine.ts';
import type { CallCommand, CallId, CallMachineEvent, CallMessage, CallOutput } from '../types.ts';

/** How the network between the machines behaves. */
export interface NetworkOptions {
  readonly seed?: number;
  /** Delay of each message: at least this, [ms] */
  readonly latencyMs?: Millis;
  /** plus up to this, drawn anew for each message, so that they overtake one another. [ms] */
  readonly jitterMs?: Millis;
  /** Fraction of the messages that vanish. */
  readonly loss?: number;
  /** Fraction of the messages that arrive twice. */
  readonly duplication?: number;
}

interface Scheduled {
  readonly at: Millis;
  readonly order: number;
  readonly to: Device;
  readonly from: NodeId;
  readonly bytes: Uint8Array;
}

/** One message as it was sent. */
export interface Sent {
  readonly at: Millis;
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: CallMessage;
}

/** A machine with what happened to it. */
export class Device {
  readonly id: NodeId;
  readonly machine: CallMachine;
  readonly events: CallMachineEvent[] = [];
  /** False: the page is gone; nothing reaches it and its timers stand still. */
  isAlive = true;
  readonly #network: CallNetwork;

  constructor(network: CallNetwork, id: NodeId, name: string, addresses: readonly NodeId[]) {
    this.#network = network;
    this.id = id;
    this.machine = new CallMachine(id, name, addresses);
  }

  command(command: CallCommand): void {
    this.#network.feed(this, (out, now) => this.machine.handle({ kind: 'command', command }, now, out));
  }

  /** The last event of that kind, about that call when given. */
  last<K extends CallMachineEvent['kind']>(kind: K): Extract<CallMachineEvent, { kind: K }> | undefined {
    return this.events.findLast((event) => event.kind === kind) as Extract<CallMachineEvent, { kind: K }> | undefined;
  }

  kinds(): string[] {
    return this.events.map((event) => event.kind);
  }

  /** How that call ended here. */
  endOf(callId: CallId): string | undefined {
    for (const event of this.events) if (event.kind === 'ended' && event.callId === callId) return event.end;
    return undefined;
  }
}

/** Call machines joined by a network in virtual time, repeatable from its seed. */
export class CallNetwork {
  now: Millis = 0;
  options: NetworkOptions;
  readonly devices: Device[] = [];
  readonly sent: Sent[] = [];
  readonly #rng: Rng;
  #queue: Scheduled[] = [];
  #order = 0;

  constructor(options: NetworkOptions = {}) {
    this.options = options;
    this.#rng = seededRng(options.seed ?? 1);
  }

  /** A device whose id is that digit, 40 times. It registers that address, and those of the other digits. */
  device(digit: string, ...others: readonly string[]): Device {
    const addresses = [digit, ...others].map(idOf);
    const device = new Device(this, idOf(digit), `device ${digit}`, addresses);
    this.devices.push(device);
    return device;
  }

  /** Runs until nothing is scheduled before `now + ms`. */
  run(ms: Millis): void {
    const end = this.now + ms;
    for (let next = this.#nextAt(); next <= end; next = this.#nextAt()) {
      this.now = Math.max(this.now, next);
      this.#step();
    }
    this.now = end;
  }

  /** Messages of one kind, in the order in which they were sent. */
  sentOf<K extends CallMessage['kind']>(kind: K): (Sent & { readonly message: Extract<CallMessage, { kind: K }> })[] {
    return this.sent.filter(({ message }) => message.kind === kind) as never;
  }

  /** Gives a machine an input and carries out what it answers. */
  feed(device: Device, handle: (out: CallOutput[], now: Millis) => void): void {
    const out: CallOutput[] = [];
    handle(out, this.now);
    for (const output of out) {
      if (output.kind === 'emit') device.events.push(output.event);
      else this.#send(device, output.to, output.callId, output.bytes);
    }
  }

  #send(from: Device, to: NodeId, callId: CallId, bytes: Uint8Array): void {
    const decoded = decodeCallMessage(bytes);
    if (!decoded.ok) throw new Error(`a machine sent what does not decode: ${decoded.error}`);
    this.sent.push({ at: this.now, from: from.id, to, message: decoded.value });
    const target = this.devices.find(({ id }) => id === to);
    if (!target?.isAlive) return this.#reportUndeliverable(from, to, callId);
    const { loss = 0, duplication = 0 } = this.options;
    if (randomUnit(this.#rng) < loss) return;
    const copies = randomUnit(this.#rng) < duplication ? 2 : 1;
    for (let i = 0; i < copies; i++) this.#schedule(target, from.id, bytes);
  }

  #schedule(to: Device, from: NodeId, bytes: Uint8Array): void {
    const { latencyMs = 20, jitterMs = 0 } = this.options;
    const at = this.now + latencyMs + (jitterMs > 0 ? randomBelow(this.#rng, jitterMs) : 0);
    this.#queue.push({ at, order: this.#order++, to, from, bytes });
  }

  /** An overlay says soon when it has no way to a peer that is gone. */
  #reportUndeliverable(from: Device, to: NodeId, callId: CallId): void {
    this.feed(from, (out, now) => from.machine.handle({ kind: 'undeliverable', to, callId }, now, out));
  }

  #nextAt(): Millis {
    let next = Infinity;
    for (const { at } of this.#queue) next = Math.min(next, at);
    for (const { machine, isAlive } of this.devices) {
      if (isAlive) next = Math.min(next, machine.nextDeadline()?.at ?? Infinity);
    }
    return next;
  }

  #step(): void {
    const due = this.#queue.filter(({ at }) => at <= this.now).toSorted((a, b) => a.at - b.at || a.order - b.order);
    this.#queue = this.#queue.filter(({ at }) => at > this.now);
    for (const { to, from, bytes } of due) {
      if (!to.isAlive) continue;
      this.feed(to, (out, now) => to.machine.handle({ kind: 'received', from, bytes }, now, out));
    }
    for (const device of this.devices) {
      const at = device.machine.nextDeadline()?.at ?? Infinity;
      if (!device.isAlive || at > this.now) continue;
      this.feed(device, (out, now) => device.machine.handle({ kind: 'deadline' }, now, out));
    }
  }
}

/** That digit, 40 times. */
export function idOf(digit: string): NodeId {
  return digit.repeat(40) as NodeId;
}
