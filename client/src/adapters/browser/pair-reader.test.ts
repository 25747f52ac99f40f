import { beforeEach, expect, test } from 'vitest';
import { ManualClock } from '../memory/manual-clock.ts';
import { PairReader, type PairSource } from './pair-reader.ts';

/** A connection whose pair is `host` or `relay`. `isTold`: it says which without a report. */
class Connection {
  reports = 0;
  type = 'host';
  isTold = true;

  get sctp(): PairSource['sctp'] {
    const candidate = { candidate: `candidate of type ${this.type}` };
    const pair = this.isTold ? { local: candidate, remote: candidate } : null;
    return { transport: { iceTransport: { getSelectedCandidatePair: () => pair } } } as unknown as PairSource['sctp'];
  }

  getStats = async (): Promise<RTCStatsReport> => {
    this.reports++;
    const entries = [
      { id: 'T', type: 'transport', selectedCandidatePairId: 'P' },
      { id: 'P', type: 'candidate-pair', localCandidateId: 'L', remoteCandidateId: 'R', currentRoundTripTime: 0.05 },
      { id: 'L', type: 'local-candidate', candidateType: this.type },
      { id: 'R', type: 'remote-candidate', candidateType: 'host' },
    ];
    return new Map(entries.map((entry) => [entry.id, entry])) as unknown as RTCStatsReport;
  };
}

let clock: ManualClock;
let reader: PairReader;
let connection: Connection;

beforeEach(() => {
  clock = new ManualClock();
  reader = new PairReader(clock);
  connection = new Connection();
});

test('while the pair stays the same, half a minute needs one report', async () => {
  for (let i = 0; i < 6; i++) {
    expect(await reader.read(connection)).toEqual({ path: 'direct', rttMs: 50, network: undefined });
    await clock.advance(4_900);
  }
  expect(connection.reports).toBe(1);
  await clock.advance(1_000);
  await reader.read(connection);
  expect(connection.reports).toBe(2);
});

test('another pair is reported at the next question, however soon that is', async () => {
  await reader.read(connection);
  connection.type = 'relay';
  expect(await reader.read(connection)).toMatchObject({ path: 'turn' });
  expect(connection.reports).toBe(2);
});

test('where the browser does not tell the pair, every question needs a report', async () => {
  connection.isTold = false;
  await reader.read(connection);
  connection.type = 'relay';
  expect(await reader.read(connection)).toMatchObject({ path: 'turn' });
});

test('a connection that gives no report is not known, and asked again', async () => {
  connection.isTold = false;
  const broken = { sctp: null, getStats: () => Promise.reject(new Error('closed')) } as unknown as PairSource;
  expect(await reader.read(broken)).toBeUndefined();
  expect(await reader.read(connection)).toMatchObject({ path: 'direct' });
});
