import { type Contact, CONTACT_BYTES } from '../../shared/src/ids.ts';
import { Reader, Writer } from '../../shared/src/bytes.ts';
import type { Millis } from '../../shared/src/machine.ts';
import type { ContactCache } from '../src/overlay/contact-cache.ts';
import { newFrame } from '../src/overlay/frame-memory.ts';
import type { LinkEnd } from './sim-link.ts';

/** A signal of a dial, as the server carries it. */
export interface Signal {
  readonly from: Contact;
  readonly to: Contact;
  /** What the signal is, in the words of `dials.ts`. */
  readonly signal: number;
  readonly attempt: number;
}

/** What the two sides of a link tell each other besides frames. */
export type LinkMessage =
  | { readonly kind: 'open'; readonly from: Contact; readonly to: Contact; readonly end: LinkEnd }
  | { readonly kind: 'opened'; readonly to: LinkEnd; readonly end: LinkEnd }
  /** Nobody is there who could take the link. */
  | { readonly kind: 'unopened'; readonly to: LinkEnd }
  | { readonly kind: 'close'; readonly to: LinkEnd };

/** What peers tell the server. */
export type ServerMessage =
  | { readonly kind: 'hello'; readonly from: Contact; readonly wantsIntroductions: boolean }
  /** Other introductions, please: those we had led to no link. */
  | { readonly kind: 'ask'; readonly from: Contact }
  | { readonly kind: 'goodbye'; readonly from: Contact }
  | ({ readonly kind: 'relay' } & Signal);

/** What the server tells a peer. */
export type NodeMessage =
  | { readonly kind: 'introduce'; readonly to: Contact; readonly contacts: readonly Contact[] }
  | ({ readonly kind: 'signal' } & Signal)
  /** A signal of ours to `about` did not arrive. */
  | {
      readonly kind: 'undelivered';
      readonly to: Contact;
      readonly about: Contact;
      readonly attempt: number;
      readonly isPeerAtFault: boolean;
    };

/** What one peer does to another, or to the server, and the other way round. Frames are messages too, without an object. */
export type Message = LinkMessage | ServerMessage | NodeMessage;

/** Hears what a batch holds, in the order in which it was written. */
export interface BatchListener {
  /** `bytes` are its own: the batch is gone when the frame arrives. */
  onFrame(at: Millis, slot: number, connection: number, bytes: Uint8Array): void;
  onMessage(at: Millis, message: Message): void;
}

const FRAME_CODE = 0;

/** What a message begins with on the way to another shard. FIXED: codes are places in this list, from 1 on. */
const KINDS = [
  'open',
  'opened',
  'unopened',
  'close',
  'hello',
  'ask',
  'goodbye',
  'relay',
  'introduce',
  'signal',
  'undelivered',
] as const satisfies readonly Message['kind'][];

/** Code, instant in ms and length of the rest. [bytes] */
const HEADER_BYTES = 1 + 4 + 4;

/** Slot and connection before a frame's bytes. [bytes] */
const END_BYTES = 8;

/** [bytes] A window's messages for another shard, in a network of some thousand peers. */
const FIRST_CAPACITY = 1 << 16;

/**
 * Messages of one window for one other shard, one behind the other: `code(8) at(32) length(32) body`, big-endian. The
 * body of a frame is `slot(32) connection(32) bytes`.
 */
export class Batch {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #at = 0;

  frame(at: Millis, { slot, connection }: LinkEnd, bytes: Uint8Array): void {
    this.#begin(FRAME_CODE, at, END_BYTES + bytes.length);
    this.#u32(slot);
    this.#u32(connection);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  message(at: Millis, message: Message): void {
    const body = encodeBody(message);
    this.#begin(1 + KINDS.indexOf(message.kind), at, body.length);
    this.#bytes.set(body, this.#at);
    this.#at += body.length;
  }

  /** What was written since the last time, to be read before anything else is written. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#at);
    this.#at = 0;
    return taken;
  }

  #begin(code: number, at: Millis, length: number): void {
    const needed = this.#at + HEADER_BYTES + length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#at++] = code;
    this.#u32(at);
    this.#u32(length);
  }

  #u32(value: number): void {
    const bytes = this.#bytes;
    bytes[this.#at++] = value >>> 24;
    bytes[this.#at++] = value >>> 16;
    bytes[this.#at++] = value >>> 8;
    bytes[this.#at++] = value;
  }
}

/** Reads a batch to its end; false, and no further, when it is none. */
export function readBatch(bytes: Uint8Array, contacts: ContactCache, listener: BatchListener): boolean {
  let next = 0;
  while (next < bytes.length) {
    const start = next + HEADER_BYTES;
    if (start > bytes.length) return false;
    const code = bytes[next] as number;
    const at = u32(bytes, next + 1);
    next = start + u32(bytes, next + 5);
    if (next > bytes.length) return false;
    if (code === FRAME_CODE) {
      if (next - start < END_BYTES) return false;
      const frame = newFrame(next - start - END_BYTES);
      frame.set(bytes.subarray(start + END_BYTES, next));
      listener.onFrame(at, u32(bytes, start), u32(bytes, start + 4), frame);
    } else {
      const message = decodeBody(KINDS[code - 1], bytes.slice(start, next), contacts);
      if (!message) return false;
      listener.onMessage(at, message);
    }
  }
  return true;
}

function u32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  return high * 0x1_0000 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
}

function encodeBody(message: Message): Uint8Array {
  const writer = new Writer(2 * CONTACT_BYTES + 16);
  switch (message.kind) {
    case 'open':
      return end(contact(contact(writer, message.from), message.to), message.end).done();
    case 'opened':
      return end(end(writer, message.to), message.end).done();
    case 'unopened':
    case 'close':
      return end(writer, message.to).done();
    case 'hello':
      return contact(writer, message.from).u8(Number(message.wantsIntroductions)).done();
    case 'ask':
    case 'goodbye':
      return contact(writer, message.from).done();
    case 'relay':
    case 'signal':
      return contact(contact(writer, message.from), message.to).u8(message.signal).u32(message.attempt).done();
    case 'introduce':
      contact(writer, message.to).u8(message.contacts.length);
      for (const each of message.contacts) contact(writer, each);
      return writer.done();
    case 'undelivered':
      contact(contact(writer, message.to), message.about);
      return writer.u32(message.attempt).u8(Number(message.isPeerAtFault)).done();
  }
}

function contact(writer: Writer, { publicKey }: Contact): Writer {
  return writer.bytes(publicKey);
}

function end(writer: Writer, { slot, connection }: LinkEnd): Writer {
  return writer.u32(slot).u32(connection);
}

/** Undefined when the bytes are no message of that kind. */
function decodeBody(kind: Message['kind'] | undefined, bytes: Uint8Array, contacts: ContactCache): Message | undefined {
  const reader = new Reader(bytes);
  const message = kind && fieldsOf(kind, new BodyReader(reader, contacts));
  return reader.atEnd() ? message : undefined;
}

function fieldsOf(kind: Message['kind'], body: BodyReader): Message {
  switch (kind) {
    case 'open':
      return { kind, from: body.contact(), to: body.contact(), end: body.end() };
    case 'opened':
      return { kind, to: body.end(), end: body.end() };
    case 'unopened':
    case 'close':
      return { kind, to: body.end() };
    case 'hello':
      return { kind, from: body.contact(), wantsIntroductions: body.reader.u8() === 1 };
    case 'ask':
    case 'goodbye':
      return { kind, from: body.contact() };
    case 'relay':
    case 'signal':
      return {
        kind,
        from: body.contact(),
        to: body.contact(),
        signal: body.reader.u8(),
        attempt: body.reader.u32(),
      };
    case 'introduce':
      return { kind, to: body.contact(), contacts: body.contacts(body.reader.u8()) };
    case 'undelivered':
      return {
        kind,
        to: body.contact(),
        about: body.contact(),
        attempt: body.reader.u32(),
        isPeerAtFault: body.reader.u8() === 1,
      };
  }
}

/** Reads contacts and ends of links. */
class BodyReader {
  readonly reader: Reader;
  readonly #contacts: ContactCache;

  constructor(reader: Reader, contacts: ContactCache) {
    this.reader = reader;
    this.#contacts = contacts;
  }

  contact(): Contact {
    const bytes = this.reader.bytes(CONTACT_BYTES);
    // After a read past the end the message is refused as a whole.
    return this.#contacts.read(this.reader.ok ? bytes : NO_CONTACT, 0);
  }

  contacts(count: number): Contact[] {
    return Array.from({ length: count }, () => this.contact());
  }

  end(): LinkEnd {
    return { slot: this.reader.u32(), connection: this.reader.u32() };
  }
}

const NO_CONTACT = new Uint8Array(CONTACT_BYTES);
