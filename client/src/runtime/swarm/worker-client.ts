import { type FilePriority, type RateLimits, SkeinError } from '../../api.ts';
import type { NodeId } from '../../../../shared/src/ids.ts';
import { SHARED_FILES_PER_MESSAGE } from '../../../../shared/src/limits/storage.ts';
import type { PeerKey } from '../../swarm/peer-key.ts';
import type { InfoHash } from '../../swarm/types.ts';
import type {
  DownloadSource,
  ReadReply,
  SharedFile,
  TorrentSummary,
  WorkerReport,
  WorkerRequest,
} from '../../worker/protocol.ts';
import type { TransferSettings } from '../../worker/transfer-settings.ts';
import { leftError } from '../left-error.ts';
import { proxyChannel } from './channel-proxy.ts';
import type { StrangerChannels, StrangerEnd } from './stranger-contacts.ts';

/** Reports that are not answers. */
export type WorkerEvent = Exclude<WorkerReport, { kind: 'answer' | 'failure' | 'hashing' }>;

interface Call {
  resolve(value: unknown): void;
  reject(error: SkeinError): void;
  progress(doneBytes: number, totalBytes: number): void;
}

/** How long a closing worker may flush. [ms] Longer, and the page would seem stuck. */
const CLOSE_PATIENCE_MS = 1_500;

/** Speaks with the swarm worker: requests become promises, reports events. */
export class WorkerClient implements StrangerChannels {
  readonly #worker: Worker;
  readonly #onEvent: (event: WorkerEvent) => void;
  /** BOUNDED: each entry leaves with its answer or with the worker. */
  readonly #calls = new Map<number, Call>();
  #nextCall = 1;
  #nextSerial = 1;
  #failure: SkeinError | undefined;

  /** `onCrash` is called once if the worker cannot be started or dies. */
  constructor(worker: Worker, onEvent: (event: WorkerEvent) => void, onCrash: (error: SkeinError) => void) {
    this.#worker = worker;
    this.#onEvent = onEvent;
    worker.onmessage = (event: MessageEvent<WorkerReport>) => this.#receive(event.data);
    worker.onerror = (event) => {
      if (this.#failure) return;
      const error = new SkeinError('internal', crashMessage(event));
      this.#fail(error);
      onCrash(error);
    };
  }

  start(self: NodeId, storage: 'persistent' | 'memory'): void {
    this.#post({ kind: 'start', self, storage });
  }

  /**
   * `progress` is told of the bytes that are hashed and of those that there are to hash. Aborting the signal ends it with
   * `aborted`, unless it comes too late.
   */
  async share(
    name: string,
    files: readonly SharedFile[],
    how: { readonly isPrivate: boolean; readonly isSuperSeeding: boolean; readonly trackers: readonly string[] },
    { progress, signal }: { readonly progress: Call['progress']; readonly signal: AbortSignal | undefined },
  ): Promise<TorrentSummary> {
    const call = this.#nextCall++;
    const last = Math.max(0, Math.ceil(files.length / SHARED_FILES_PER_MESSAGE) - 1) * SHARED_FILES_PER_MESSAGE;
    for (let at = 0; at < last; at += SHARED_FILES_PER_MESSAGE) {
      this.#post({ kind: 'moreFiles', call, files: files.slice(at, at + SHARED_FILES_PER_MESSAGE) });
      await nextTask();
    }
    const rest = files.slice(last);
    const answer = this.#call(() => ({ kind: 'share', call, name, files: rest, ...how }), progress, call);
    const stop = (): void => this.#post({ kind: 'stopSharing', call });
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    try {
      return (await answer) as TorrentSummary;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** With `retry`, which is what a person has set for it, one that was refused begins anew. */
  async download(source: DownloadSource, retry?: TransferSettings): Promise<TorrentSummary> {
    return (await this.#call((call) => ({ kind: 'download', call, source, retry }))) as TorrentSummary;
  }

  setPaused(infoHash: InfoHash, isPaused: boolean): void {
    this.#post({ kind: 'setPaused', infoHash, isPaused });
  }

  setPriorities(infoHash: InfoHash, priorities: readonly FilePriority[]): void {
    this.#post({ kind: 'setPriorities', infoHash, priorities });
  }

  setSequential(infoHash: InfoHash, isSequential: boolean): void {
    this.#post({ kind: 'setSequential', infoHash, isSequential });
  }

  setSuperSeeding(infoHash: InfoHash, isSuperSeeding: boolean): void {
    this.#post({ kind: 'setSuperSeeding', infoHash, isSuperSeeding });
  }

  /** Limits of one torrent; without `infoHash` of all together. */
  setLimits(infoHash: InfoHash | undefined, limits: RateLimits): void {
    this.#post({ kind: 'setLimits', infoHash, limits });
  }

  askPieces(infoHash: InfoHash): void {
    this.#post({ kind: 'askPieces', infoHash });
  }

  async remove(infoHash: InfoHash, keepData: boolean, keepsShare: boolean): Promise<void> {
    await this.#call((call) => ({ kind: 'remove', call, infoHash, keepData, keepsShare }));
  }

  /** Its share does not come back; what runs goes on, for the download of the same. */
  async forgetShare(infoHash: InfoHash): Promise<void> {
    await this.#call((call) => ({ kind: 'forgetShare', call, infoHash }));
  }

  async file(infoHash: InfoHash, index: number): Promise<Blob> {
    return (await this.#call((call) => ({ kind: 'file', call, infoHash, index }))) as Blob;
  }

  /** Has the worker read bytes of a file and answer on `port`, as `ReadReply` says. */
  read(range: Omit<Extract<WorkerRequest, { kind: 'read' }>, 'kind' | 'port'>, port: MessagePort): void {
    if (this.#failure) {
      const { message } = this.#failure;
      const code = this.#failure.code === 'left' ? 'left' : 'internal';
      port.postMessage({ kind: 'failure', code, message } satisfies ReadReply);
    } else this.#post({ kind: 'read', ...range, port }, [port]);
  }

  /**
   * Gives a fresh channel to the worker, in the task that made it; where the browser cannot transfer it, the page
   * passes its messages. Returns the serial by which reports name the channel. `swarm` is the hash under which the two met.
   */
  attach(infoHash: InfoHash, swarm: InfoHash, peer: NodeId, isOutbound: boolean, channel: RTCDataChannel): number {
    const serial = this.#nextSerial++;
    const end = { infoHash, swarm, peer, isOutbound, serial };
    this.#hand(
      channel,
      () => this.#post({ kind: 'channel', ...end, channel }, [channel]),
      (port) => this.#post({ kind: 'proxy', ...end, port }, [port]),
    );
    return serial;
  }

  hold(channel: RTCDataChannel): number {
    const serial = this.#nextSerial++;
    this.#hand(
      channel,
      () => this.#post({ kind: 'hold', serial, channel }, [channel]),
      (port) => this.#post({ kind: 'holdPort', serial, port }, [port]),
    );
    return serial;
  }

  attachHeld(end: StrangerEnd): void {
    this.#post({ kind: 'attachHeld', ...end });
  }

  dropHeld(serial: number): void {
    this.#post({ kind: 'dropHeld', serial });
  }

  /** The torrent has no place for this peer any more: its channel is closed, and reported so. */
  dropPeer(infoHash: InfoHash, peer: PeerKey): void {
    this.#post({ kind: 'dropPeer', infoHash, peer });
  }

  peerGone(peer: NodeId): void {
    this.#post({ kind: 'peerGone', peer });
  }

  /** Lets the worker flush and ends it. */
  async close(): Promise<void> {
    const closed = this.#call((call) => ({ kind: 'close', call })).catch(() => undefined);
    const patience = new Promise((resolve) => setTimeout(resolve, CLOSE_PATIENCE_MS));
    await Promise.race([closed, patience]);
    this.#fail(leftError());
    this.#worker.terminate();
  }

  #receive(report: WorkerReport): void {
    if (report.kind === 'hashing') {
      this.#calls.get(report.call)?.progress(report.doneBytes, report.totalBytes);
      return;
    }
    if (report.kind !== 'answer' && report.kind !== 'failure') {
      this.#onEvent(report);
      return;
    }
    const call = this.#calls.get(report.call);
    this.#calls.delete(report.call);
    if (report.kind === 'answer') call?.resolve(report.value);
    else call?.reject(new SkeinError(report.code, report.message));
  }

  #call(
    request: (call: number) => WorkerRequest,
    progress: Call['progress'] = () => undefined,
    call = this.#nextCall++,
  ): Promise<unknown> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#calls.set(call, { resolve, reject, progress });
      this.#post(request(call));
    });
  }

  #post(request: WorkerRequest, transfer: Transferable[] = []): void {
    this.#worker.postMessage(request, transfer);
  }

  /** Transfers the channel, or where the browser cannot, a port through which the page passes its messages. */
  #hand(channel: RTCDataChannel, transfer: () => void, pass: (port: MessagePort) => void): void {
    try {
      transfer();
    } catch {
      const { port1, port2 } = new MessageChannel();
      pass(port2);
      proxyChannel(channel, port1);
    }
  }

  #fail(error: SkeinError): void {
    this.#failure = error;
    for (const call of this.#calls.values()) call.reject(error);
    this.#calls.clear();
  }
}

/** Browsers give no reason when a worker's script did not come: then nothing of it ever ran. */
function crashMessage({ message }: Partial<ErrorEvent>): string {
  return message
    ? `File sharing stopped working in this tab (${message}). Reload the page.`
    : "The worker's script for files did not load. Calls and lookups still work; reload the page to share files.";
}

/** Lets the page do what waits. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
