import { expect, test } from 'vitest';
import { hashToId } from '../../../shared/src/ids.ts';
import { seededRng } from '../../../shared/src/machine.ts';
import { makeContent } from '../swarm/test/lab.ts';
import { Torrent } from '../swarm/torrent.ts';
import type { WorkerReport } from './protocol.ts';
import { MemoryBudget, MemoryStore } from './storage/memory.ts';
import { TorrentDriver } from './torrent-driver.ts';

test('pausing and resuming do not wait for a record that the browser is slow to write', async () => {
  const { metainfo } = makeContent(1, [100_000], 32 * 1024);
  const states: string[] = [];
  const driver = new TorrentDriver({
    infoHash: metainfo.infoHash,
    machine: new Torrent(
      { self: hashToId(Uint8Array.of(1)), infoHash: metainfo.infoHash, metainfo, stored: undefined },
      seededRng(1),
    ),
    metainfo,
    store: new MemoryStore(metainfo.files, new MemoryBudget()),
    stored: undefined,
    isPaused: false,
    isKept: false,
    error: undefined,
    openStore: () => Promise.reject(new Error('it is open')),
    save: () => new Promise<void>(() => undefined),
    report: (report: WorkerReport) => {
      if (report.kind === 'progress') states.push(report.state);
    },
  });
  driver.begin();
  await driver.setPaused(true);
  await driver.setPaused(false);
  expect(states).toEqual(['finding', 'paused', 'finding']);
});
