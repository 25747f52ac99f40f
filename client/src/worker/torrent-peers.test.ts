import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hashToId } from '../../../shared/src/ids.ts';
import { PEER_TIMEOUT_MS } from '../../../shared/src/limits/swarm.ts';
import type { TorrentInput } from '../swarm/types.ts';
import type { WorkerReport } from './protocol.ts';
import { TorrentPeers } from './torrent-peers.ts';
import { TestPipe } from './test/test-pipe.ts';

const infoHash = hashToId(Uint8Array.of(1));
const peer = hashToId(Uint8Array.of(2));

let inputs: TorrentInput[];
let reports: WorkerReport[];

/** A peer that opened a channel. */
function come(): TestPipe {
  const pipe = new TestPipe();
  const host = {
    push: (input: TorrentInput) => inputs.push(input),
    report: (report: WorkerReport) => reports.push(report),
  };
  new TorrentPeers(infoHash, host).attach({ peer, isOutbound: false, serial: 7 }, pipe);
  pipe.handler?.open();
  return pipe;
}

beforeEach(() => {
  vi.useFakeTimers();
  [inputs, reports] = [[], []];
});

afterEach(() => {
  vi.useRealTimers();
});

test('a peer that opens a channel and never says a word loses its place', () => {
  const pipe = come();
  vi.advanceTimersByTime(PEER_TIMEOUT_MS);
  expect(pipe.isClosed).toBe(true);
  expect(reports).toEqual([{ kind: 'channelClosed', infoHash, peer, serial: 7 }]);
  expect(inputs).toEqual([]);
});

test('how long a peer that spoke may be silent is for the torrent to say', () => {
  const pipe = come();
  pipe.handler?.message(Uint8Array.of(1));
  vi.advanceTimersByTime(2 * PEER_TIMEOUT_MS);
  expect(pipe.isClosed).toBe(false);
  expect(inputs.map(({ kind }) => kind)).toEqual(['linkUp', 'received']);
});
