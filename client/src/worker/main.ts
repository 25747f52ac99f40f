import { serveAlarm } from './alarm.ts';
import { describeError } from './errors.ts';
import { HeldPipe } from './held-pipe.ts';
import { ChannelPipe, type Pipe, PortPipe } from './pipe.ts';
import type { SharedFile, WorkerReport, WorkerRequest } from './protocol.ts';
import { TorrentTable } from './torrent-table.ts';

/** Entry of the swarm worker: one dedicated worker per page runs all torrents, their storage and their channels. */

declare const self: DedicatedWorkerGlobalScope;

const report = (message: WorkerReport): void => self.postMessage(message);
const table = new TorrentTable(report);

/** Runs a request of the page and answers it. */
function answer(call: number, work: Promise<unknown>): void {
  work.then(
    (value) => report({ kind: 'answer', call, value }),
    (error: unknown) => report({ kind: 'failure', call, ...describeError(error) }),
  );
}

/** Channels to peers that are not known yet, by serial. BOUNDED: by MAX_STRANGER_CONNECTIONS, kept by the page. */
const held = new Map<number, Pipe>();

/** Files of shares that are not complete yet. BOUNDED: by MAX_FILES of each share that the person makes at once. */
const early = new Map<number, SharedFile[]>();

/** Shares that are on their way. BOUNDED: by those that the person makes at once. */
const sharing = new Map<number, AbortController>();

/** Hashes and seeds files, and reports how far that has come. */
async function share({ call, name, files, ...how }: Extract<WorkerRequest, { kind: 'share' }>): Promise<unknown> {
  const progress = (doneBytes: number, totalBytes: number): void =>
    report({ kind: 'hashing', call, doneBytes, totalBytes });
  const all = [...(early.get(call) ?? []), ...files];
  early.delete(call);
  const stop = new AbortController();
  sharing.set(call, stop);
  try {
    return await table.share(name, all, how, { progress, signal: stop.signal });
  } finally {
    sharing.delete(call);
  }
}

self.onmessage = (event: MessageEvent<WorkerRequest>) => {
  const request = event.data;
  switch (request.kind) {
    case 'start':
      table.start(request.self, request.storage);
      return;
    case 'moreFiles':
      early.set(request.call, [...(early.get(request.call) ?? []), ...request.files]);
      return;
    case 'share':
      return answer(request.call, share(request));
    case 'stopSharing':
      sharing.get(request.call)?.abort();
      return;
    case 'download':
      return answer(request.call, table.download(request.source, request.retry));
    case 'setPaused':
      table.setPaused(request.infoHash, request.isPaused);
      return;
    case 'setPriorities':
      table.change(request.infoHash, { priorities: request.priorities });
      return;
    case 'setSequential':
      table.change(request.infoHash, { isSequential: request.isSequential });
      return;
    case 'setSuperSeeding':
      table.change(request.infoHash, { isSuperSeeding: request.isSuperSeeding });
      return;
    case 'setLimits':
      if (request.infoHash === undefined) table.setLimits(request.limits);
      else table.change(request.infoHash, { limits: request.limits });
      return;
    case 'askPieces':
      table.askPieces(request.infoHash);
      return;
    case 'remove':
      return answer(request.call, table.remove(request.infoHash, request.keepData, request.keepsShare));
    case 'forgetShare':
      return answer(request.call, table.forgetShare(request.infoHash));
    case 'file':
      return answer(request.call, table.file(request.infoHash, request.index));
    case 'read':
      table.read(request.infoHash, request, request.port);
      return;
    case 'channel':
      table.attach(request, new ChannelPipe(request.channel));
      return;
    case 'proxy':
      table.attach(request, new PortPipe(request.port));
      return;
    case 'hold':
      held.set(request.serial, new HeldPipe(new ChannelPipe(request.channel)));
      return;
    case 'holdPort':
      held.set(request.serial, new HeldPipe(new PortPipe(request.port)));
      return;
    case 'attachHeld': {
      const pipe = held.get(request.serial);
      held.delete(request.serial);
      if (pipe) table.attach(request, pipe);
      return;
    }
    case 'dropHeld':
      held.get(request.serial)?.close();
      held.delete(request.serial);
      return;
    case 'dropPeer':
      table.dropPeer(request.infoHash, request.peer);
      return;
    case 'peerGone':
      table.peerGone(request.peer);
      return;
    case 'alarm':
      serveAlarm(request.port);
      return;
    case 'close':
      return answer(request.call, table.close());
  }
};
