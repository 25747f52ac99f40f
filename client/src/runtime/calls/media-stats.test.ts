import { expect, test } from 'vitest';
import { NO_STATS, readPath, readDelays, readStats } from './media-stats.ts';

function report(...entries: { id: string; type: string }[]): RTCStatsReport {
  return new Map(entries.map((entry) => [entry.id, entry])) as RTCStatsReport;
}

const local = { id: 'L', type: 'local-candidate', candidateType: 'host' };
const remote = { id: 'R', type: 'remote-candidate', candidateType: 'srflx' };
const pair = {
  id: 'P',
  type: 'candidate-pair',
  localCandidateId: 'L',
  remoteCandidateId: 'R',
  currentRoundTripTime: 0.025,
};
const transport = { id: 'T', type: 'transport', selectedCandidatePairId: 'P' };

test('the path is direct without a relay candidate, and through TURN with one at either end', () => {
  expect(readPath(report(transport, pair, local, remote))).toBe('direct');
  expect(readPath(report(transport, pair, { ...local, candidateType: 'relay' } as never, remote))).toBe('turn');
  expect(readPath(report(transport, pair, local, { ...remote, candidateType: 'relay' } as never))).toBe('turn');
});

test('the selected pair is found in Firefox’s way of marking it, too', () => {
  expect(readPath(report({ ...pair, selected: true } as never, local, remote))).toBe('direct');
});

test('the round trip is the one of which most were measured, or that of ICE before there are any', () => {
  expect(readDelays(report())).toEqual({});
  const asked = { ...pair, responsesReceived: 3 };
  expect(readDelays(report(transport, asked, local, remote)).trip).toEqual({ ms: 25, count: 3 });
  const sound = { id: 'S', type: 'remote-inbound-rtp', roundTripTime: 0.05, roundTripTimeMeasurements: 2 };
  const picture = { ...sound, id: 'I', roundTripTime: 0.07, roundTripTimeMeasurements: 9 };
  expect(readDelays(report(transport, asked, local, remote, sound, picture)).trip).toEqual({ ms: 70, count: 9 });
});

test('what media takes to come is told by the stream of which most was reported', () => {
  const sound = { id: 'S', type: 'remote-outbound-rtp', timestamp: 900, remoteTimestamp: 850, reportsSent: 2 };
  const picture = { ...sound, id: 'I', timestamp: 990, reportsSent: 8 };
  expect(readDelays(report(sound as never, picture as never)).arrival).toEqual({ ms: 140, count: 8 });
  const { remoteTimestamp: _, ...silent } = picture;
  expect(readDelays(report(silent as never)).arrival).toBeUndefined();
});

test('without a selected pair there is no path', () => {
  expect(readPath(report(transport, pair, local))).toBeUndefined();
  expect(readPath(report(pair, local, remote))).toBeUndefined();
});

test('received bytes, frames, losses and round trip are summed from the report', () => {
  const audio = { id: 'A', type: 'inbound-rtp', kind: 'audio', bytesReceived: 100, packetsLost: 2 };
  const video = {
    id: 'V',
    type: 'inbound-rtp',
    kind: 'video',
    bytesReceived: 900,
    packetsLost: 1,
    framesDecoded: 30,
    frameWidth: 640,
    frameHeight: 360,
  };
  expect(readStats(report(transport, pair, local, remote, audio, video))).toEqual({
    rttMs: 25,
    audioBytesReceived: 100,
    videoBytesReceived: 900,
    framesDecoded: 30,
    frameWidth: 640,
    frameHeight: 360,
    packetsLost: 3,
  });
  expect(readStats(report())).toEqual(NO_STATS);
});
