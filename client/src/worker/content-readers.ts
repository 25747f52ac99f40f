import {
  MAX_READERS,
  MAX_READ_AHEAD_PIECES,
  READER_IDLE_MS,
  READ_AHEAD_BYTES,
  READ_BYTES_PER_SECOND,
  READ_CHUNK_BYTES,
} from '../../../shared/src/limits/storage.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { WorkerError, describeError } from './errors.ts';
import type { ReadReply, ReadRequest } from './protocol.ts';
import { type OwnBytes, toStorageError } from './storage/types.ts';
import type { TorrentContent } from './torrent-content.ts';

/** A part of one file. [bytes] */
export interface ReadRange {
  /** Of the file among the torrent's files, padding included. */
  readonly index: number;
  readonly begin: number;
  /** One past the last byte. */
  readonly end: number;
}

/** The part of a `MessagePort` through which a reader asks and is answered. */
export interface ReadPort {
  onmessage: ((event: MessageEvent<ReadRequest>) => void) | null;
  postMessage(reply: ReadReply, transfer?: Transferable[]): void;
  close(): void;
}

/** Where readers say what they need next. */
export interface ReadersHost {
  now(): Millis;
  /** The piece is needed at that instant; `Infinity`: no more. */
  setDeadline(piece: number, at: Millis): void;
}

interface Reader {
  readonly port: ReadPort;
  /** Where it reads next, and where it ends, in the run of all files. [bytes] */
  at: number;
  readonly end: number;
  /** It asked for a chunk and has not got it. */
  isWaiting: boolean;
  /** Storage is being read for it. */
  isBusy: boolean;
  askedAt: Millis;
}

/**
 * Those who read files of one torrent in order, while it is fetched. Each gets a chunk when it asks for one, as soon as
 * its pieces are stored, and what lies ahead of it has deadlines: the nearer, the sooner.
 */
export class ContentReaders {
  readonly #content: TorrentContent;
  readonly #host: ReadersHost;
  /** BOUNDED: by MAX_READERS. */
  readonly #readers = new Set<Reader>();
  /** Pieces that have a deadline for readers' sake. BOUNDED: by MAX_READERS and MAX_READ_AHEAD_PIECES. */
  #deadlines = new Map<number, Millis>();

  constructor(content: TorrentContent, host: ReadersHost) {
    this.#content = content;
    this.#host = host;
  }

  /** Takes a reader in. It asks by `pull`, and ends by itself, by `cancel` or by a failure. */
  open({ index, begin, end }: ReadRange, port: ReadPort): void {
    const file = this.#content.metainfo?.files[index];
    if (!file || !this.#content.store) {
      fail(port, new WorkerError('not-ready', 'This file is not here yet. Wait for the first peer.'));
      return;
    }
    const last = file.offset + Math.min(file.length, Math.max(0, end));
    const first = Math.min(last, file.offset + Math.max(0, begin));
    const reader: Reader = { port, at: first, end: last, isWaiting: false, isBusy: false, askedAt: this.#host.now() };
    this.#makeRoom();
    this.#readers.add(reader);
    port.onmessage = ({ data }) => {
      if (data.kind === 'cancel') this.#close(reader);
      else this.#pull(reader);
    };
    this.#steer();
  }

  /** A piece was stored: who waited for it goes on. */
  pieceStored(): void {
    if (this.#readers.size === 0) return;
    for (const reader of this.#readers) if (reader.isWaiting) this.#serve(reader);
    this.#steer();
  }

  /** The torrent ends here, and its readers with it. */
  stop(): void {
    for (const { port } of this.#readers)
      fail(port, new WorkerError('not-found', 'This file is not shared or downloaded here any more.'));
    this.#readers.clear();
  }

  #pull(reader: Reader): void {
    reader.isWaiting = true;
    reader.askedAt = this.#host.now();
    this.#serve(reader);
    this.#steer();
  }

  #serve(reader: Reader): void {
    if (!reader.isBusy && this.#readers.has(reader)) void this.#read(reader);
  }

  async #read(reader: Reader): Promise<void> {
    if (reader.at >= reader.end) {
      reader.port.postMessage({ kind: 'end' });
      this.#close(reader);
      return;
    }
    const length = this.#readyLength(reader);
    if (length === 0) return;
    reader.isBusy = true;
    const bytes: OwnBytes = new Uint8Array(length);
    try {
      await this.#content.store?.read(reader.at, bytes);
    } catch (error) {
      if (this.#readers.has(reader)) fail(reader.port, toStorageError(error));
      this.#close(reader);
      return;
    }
    if (!this.#readers.has(reader)) return;
    reader.isBusy = false;
    reader.isWaiting = false;
    reader.at += length;
    reader.port.postMessage({ kind: 'chunk', bytes }, [bytes.buffer]);
  }

  /** How much of the next chunk is stored without a gap. [bytes] */
  #readyLength({ at, end }: Reader): number {
    const { metainfo, stored } = this.#content;
    if (!metainfo || !stored) return 0;
    const most = Math.min(end, at + READ_CHUNK_BYTES);
    let piece = Math.floor(at / metainfo.pieceLength);
    while (piece * metainfo.pieceLength < most && stored.has(piece)) piece++;
    return Math.max(0, Math.min(most, piece * metainfo.pieceLength) - at);
  }

  /** Tells what is needed when, as far as that is news. */
  #steer(): void {
    const wanted = this.#wanted();
    for (const [piece, at] of this.#deadlines) {
      if (wanted.has(piece)) continue;
      this.#deadlines.delete(piece);
      if (at < Infinity && !this.#content.stored?.has(piece)) this.#host.setDeadline(piece, Infinity);
    }
    for (const [piece, at] of wanted) {
      const before = this.#deadlines.get(piece);
      // A reader that reads as fast as expected changes nothing.
      if (before !== undefined && Math.abs(before - at) < MOVED_MS) continue;
      this.#deadlines.set(piece, at);
      this.#host.setDeadline(piece, at);
    }
  }

  /** The missing pieces ahead of each reader, and when the first of them will be there. */
  #wanted(): Map<number, Millis> {
    const wanted = new Map<number, Millis>();
    const { metainfo, stored } = this.#content;
    if (!metainfo || !stored || stored.isFull) return wanted;
    const now = this.#host.now();
    const { pieceLength } = metainfo;
    for (const { at, end, isWaiting, askedAt } of this.#readers) {
      if (!isWaiting && now - askedAt >= READER_IDLE_MS) continue;
      const first = Math.floor(at / pieceLength);
      const ahead = Math.min(end, Math.max(at + READ_AHEAD_BYTES, (first + 2) * pieceLength));
      const last = Math.min(Math.ceil(ahead / pieceLength), first + MAX_READ_AHEAD_PIECES);
      for (let piece = first; piece < last; piece++) {
        if (stored.has(piece)) continue;
        const due = now + (1000 * Math.max(0, piece * pieceLength - at)) / READ_BYTES_PER_SECOND;
        wanted.set(piece, Math.min(due, wanted.get(piece) ?? Infinity));
      }
    }
    return wanted;
  }

  #makeRoom(): void {
    if (this.#readers.size < MAX_READERS) return;
    let oldest: Reader | undefined;
    for (const reader of this.#readers) if (!oldest || reader.askedAt < oldest.askedAt) oldest = reader;
    if (!oldest) return;
    fail(oldest.port, new WorkerError('not-ready', 'Too many players read this file at once.'));
    this.#close(oldest);
  }

  #close(reader: Reader): void {
    if (!this.#readers.delete(reader)) return;
    reader.port.close();
    this.#steer();
  }
}

/** Deadlines that move by less are left where they are. [ms] */
const MOVED_MS = 1000;

/** Ends a reader with what went wrong. */
export function fail(port: ReadPort, error: unknown): void {
  port.postMessage({ kind: 'failure', ...describeError(error) });
  port.close();
}
