import { SkeinError } from '../../api.ts';
import type { MediaAsk, MediaStreams } from '../../ports/media-streams.ts';
import type { InfoHash } from '../../swarm/types.ts';
import { answerMedia } from '../../worker/media/media-answer.ts';
import type { MediaHead } from '../../worker/media/messages.ts';
import { type StreamPort, streamOfPort } from '../../worker/media/port-stream.ts';
import type { FileSummary, ReadReply } from '../../worker/protocol.ts';
import { leftError } from '../left-error.ts';
import { mediaTypeOf } from './media-type.ts';
import type { WorkerClient } from './worker-client.ts';

/** Ways to the content of one torrent's files, which are named by their indexes. */
export interface FileAccess {
  /** The complete content. */
  open(index: number): Promise<Blob>;
  /** Bytes from `begin` up to, not including, `end`, in order, as they come. */
  read(index: number, begin: number, end: number): ReadableStream<Uint8Array>;
  /** An address for players of this page. */
  mediaUrl(index: number): Promise<string>;
}

/** What is known of one torrent's files. */
export interface KnownFiles {
  /** Undefined until the metadata is here. */
  file(index: number): FileSummary | undefined;
  /** What the person shared from disk. */
  source(index: number): File | undefined;
}

/** Gives out the content of files: whole, in order as it comes, and to players of the page. */
export class FileAccessService {
  readonly #worker: WorkerClient;
  readonly #files: (infoHash: InfoHash) => KnownFiles | undefined;
  readonly #loadStreams: () => Promise<MediaStreams>;
  /** To the worker, of those that read now. BOUNDED: by the streams that the page reads. */
  readonly #reading = new Set<StreamPort>();
  /** What whoever reads hears, once the worker may say nothing any more. */
  #failure: ReadReply | undefined;
  #streams: Promise<MediaStreams> | undefined;
  #stopServing: () => void = () => undefined;
  #isClosed = false;

  /** `loadStreams` gives what players need, when one is needed first. */
  constructor(
    worker: WorkerClient,
    files: (infoHash: InfoHash) => KnownFiles | undefined,
    loadStreams: () => Promise<MediaStreams>,
  ) {
    this.#worker = worker;
    this.#files = files;
    this.#loadStreams = loadStreams;
  }

  of(infoHash: InfoHash): FileAccess {
    return {
      open: async (index) => this.#files(infoHash)?.source(index) ?? (await this.#worker.file(infoHash, index)),
      read: (index, begin, end) => this.#read(infoHash, index, begin, end),
      mediaUrl: (index) => this.#mediaUrl(infoHash, index),
    };
  }

  /** Players ask whoever joins next on this page: two answers to one of them would be one too many. */
  close(): void {
    this.#isClosed = true;
    this.#stopServing();
    this.failReaders('left', leftError().message);
  }

  /** The worker may say nothing any more: whoever reads hears why, now and later. */
  failReaders(code: 'left' | 'internal', message: string): void {
    const data: ReadReply = { kind: 'failure', code, message };
    this.#failure = data;
    for (const port of this.#reading) port.onmessage?.(new MessageEvent('message', { data }));
  }

  #read(infoHash: InfoHash, index: number, begin: number, end: number): ReadableStream<Uint8Array> {
    const connect = (): StreamPort => {
      const { port1, port2 } = new MessageChannel();
      if (this.#failure) port2.postMessage(this.#failure);
      else this.#worker.read({ infoHash, index, begin, end }, port2);
      this.#reading.add(port1);
      return port1;
    };
    const letGo = (port: StreamPort): void => {
      this.#reading.delete(port);
      port.close();
    };
    return streamOfPort(connect, ({ code, message }) => new SkeinError(code, message), letGo);
  }

  async #mediaUrl(infoHash: InfoHash, index: number): Promise<string> {
    const file = this.#files(infoHash)?.file(index);
    if (!file || mediaTypeOf(file.path) === undefined)
      throw new SkeinError('bad-argument', 'This is neither video nor audio that browsers know. Save it and open it.');
    if (this.#isClosed) throw leftError();
    this.#streams ??= this.#startStreams().catch((error: unknown) => {
      this.#streams = undefined;
      throw error;
    });
    return await (await this.#streams).urlOf(infoHash, index, file.path.split('/').at(-1) ?? '');
  }

  async #startStreams(): Promise<MediaStreams> {
    const streams = await this.#loadStreams().catch((cause: unknown) => {
      const message = 'The code for playing could not be fetched. Try again later, or save the file and open it.';
      throw new SkeinError('no-service-worker', message, { cause });
    });
    if (this.#isClosed) throw leftError();
    this.#stopServing = streams.serve((ask, port) => this.#answer(ask, port));
    return streams;
  }

  /** The bytes go from the swarm worker straight to the service worker: this page only says which. */
  #answer({ infoHash, index, range }: MediaAsk, port: MessagePort): void {
    const file = this.#files(infoHash as InfoHash)?.file(index);
    const type = file && mediaTypeOf(file.path);
    if (!file || type === undefined) {
      port.postMessage({ kind: 'missing' } satisfies MediaHead);
      return;
    }
    const { status, headers, begin, end } = answerMedia(range, file.size, type);
    port.postMessage({ kind: 'head', status, headers } satisfies MediaHead);
    this.#worker.read({ infoHash: infoHash as InfoHash, index, begin, end }, port);
  }
}
