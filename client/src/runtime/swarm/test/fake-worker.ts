import type { InfoHash } from '../../../swarm/types.ts';
import type { WorkerReport, WorkerRequest } from '../../../worker/protocol.ts';
import { stillReport } from '../../../worker/still-report.ts';
import { infoHash, summaryOf } from './torrent.ts';

/** A worker that records requests and reports what the test tells it to. */
export class FakeWorker {
  onmessage: ((event: { data: WorkerReport }) => void) | null = null;
  onerror: ((event: { message: string }) => void) | null = null;
  /** BOUNDED: by the test. */
  readonly requests: WorkerRequest[] = [];
  isTerminated = false;

  postMessage(request: WorkerRequest): void {
    this.requests.push(request);
    if (request.kind === 'download') {
      const summary = summaryOf({ infoHash: request.source.infoHash, torrentFile: undefined });
      queueMicrotask(() => this.report({ kind: 'answer', call: request.call, value: summary }));
    } else if (request.kind === 'remove' || request.kind === 'forgetShare' || request.kind === 'close') {
      queueMicrotask(() => this.report({ kind: 'answer', call: request.call, value: undefined }));
    }
  }

  terminate(): void {
    this.isTerminated = true;
  }

  report(report: WorkerReport): void {
    this.onmessage?.({ data: report });
  }

  progress(infoHash: InfoHash, change: Partial<Extract<WorkerReport, { kind: 'progress' }>> = {}): void {
    this.report({
      ...stillReport(infoHash, 'downloading', 100),
      leftBytes: 100 - (change.doneBytes ?? 0),
      isComplete: change.state === 'seeding',
      ...change,
    });
  }

  /** A download that an earlier page left. */
  resumed(change: Partial<Extract<WorkerReport, { kind: 'resumed' }>> = {}): void {
    this.report({
      kind: 'resumed',
      infoHash,
      name: 'thing',
      trackers: [],
      webSeeds: [],
      selected: undefined,
      isPrivate: false,
      isComplete: false,
      settings: {},
      ...change,
    });
  }

  /** The newest request, by which files are shared. */
  shareRequest(): Extract<WorkerRequest, { kind: 'share' }> {
    const request = this.requests.at(-1);
    if (request?.kind !== 'share') throw new Error('nothing was shared');
    return request;
  }

  /** The n-th channel that the page gave to the worker. */
  channel(n: number): Extract<WorkerRequest, { kind: 'channel' }> {
    const channel = this.channels()[n];
    if (!channel) throw new Error(`there is no channel ${n}`);
    return channel;
  }

  channels(): Extract<WorkerRequest, { kind: 'channel' }>[] {
    return this.requests.filter((request) => request.kind === 'channel');
  }
}
