import { binaryText, fromHex, toHex } from '../../../../../shared/src/bytes.ts';
import type {
  StrangerConnection,
  StrangerHandler,
  StrangerNetwork,
  TrackerHandler,
  TrackerLine,
} from '../../../ports/strangers.ts';
import { infoHash } from './torrent.ts';

/** A tracker that says what the test has it say. */
export class FakeTracker implements TrackerLine {
  readonly url: string;
  readonly #handler: TrackerHandler;
  /** What it was sent, read. BOUNDED: by the test. */
  readonly heard: Record<string, unknown>[] = [];
  isClosed = false;

  constructor(url: string, handler: TrackerHandler) {
    this.url = url;
    this.#handler = handler;
  }

  send(text: string): void {
    this.heard.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.isClosed = true;
  }

  open(): void {
    this.#handler.opened();
  }

  /** The connection is gone. */
  lose(): void {
    this.#handler.closed();
  }

  say(fields: object, about: string = infoHash): void {
    const hash = binaryText(fromHex(about) as Uint8Array);
    this.#handler.received(JSON.stringify({ action: 'announce', info_hash: hash, ...fields }));
  }

  /** Another peer offers a connection. */
  offer(peerId: string, offerId = 'x'): void {
    this.say({ peer_id: peerId, offer_id: offerId, offer: { type: 'offer', sdp: 'theirs' } });
  }

  /** Another peer answers the n-th offer of the newest announce that has some. */
  answer(peerId: string, n: number, about?: string): void {
    const announce = this.heard.findLast(({ offers }) => Array.isArray(offers) && offers.length > 0);
    const offers = announce?.['offers'] as readonly { readonly offer_id: string }[];
    this.say({ peer_id: peerId, offer_id: offers[n]?.offer_id, answer: { type: 'answer', sdp: 'theirs' } }, about);
  }

  /** What it was asked for, in hex. */
  infoHashes(): string[] {
    const bytes = (text: unknown): Uint8Array => Uint8Array.from(String(text), (unit) => unit.charCodeAt(0));
    return [...new Set(this.heard.map((message) => toHex(bytes(message['info_hash']))))];
  }
}

/** A connection that comes to be when the test says so. */
export class FakeConnection implements StrangerConnection {
  readonly handler: StrangerHandler;
  isOffered = false;
  accepted: string | undefined;
  isClosed = false;

  constructor(handler: StrangerHandler) {
    this.handler = handler;
  }

  offer(): Promise<string> {
    this.isOffered = true;
    this.handler.channel({} as RTCDataChannel);
    return Promise.resolve('ours');
  }

  accept(sdp: string): void {
    this.accepted = sdp;
  }

  answer(): Promise<string> {
    return Promise.resolve('ours');
  }

  close(): void {
    this.isClosed = true;
  }

  /** The other side is there. Who answered gets its channel now. */
  connect(): void {
    this.handler.connected();
    if (!this.isOffered) this.handler.channel({} as RTCDataChannel);
  }
}

/** Trackers and strangers that the test plays. */
export class FakeStrangerNetwork implements StrangerNetwork {
  /** BOUNDED: by the test. */
  readonly trackers: FakeTracker[] = [];
  /** BOUNDED: by the test. */
  readonly connections: FakeConnection[] = [];

  openTracker(url: string, handler: TrackerHandler): TrackerLine {
    const tracker = new FakeTracker(url, handler);
    this.trackers.push(tracker);
    return tracker;
  }

  connect(_ice: unknown, handler: StrangerHandler): StrangerConnection {
    const connection = new FakeConnection(handler);
    this.connections.push(connection);
    return connection;
  }

  /** Connections that were not closed. */
  get open(): FakeConnection[] {
    return this.connections.filter(({ isClosed }) => !isClosed);
  }
}
