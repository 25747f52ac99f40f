import { expect, test } from 'vitest';
import { toHex } from '../../../../shared/src/bytes.ts';
import { readPairStats } from './ice-stats.ts';
import { findSdpFault, hasCandidate, hasTurnServer, parseFingerprint } from './sdp.ts';

const fingerprint = Array.from({ length: 32 }, (_, i) => i.toString(16).padStart(2, '0').toUpperCase()).join(':');
const line = `a=fingerprint:sha-256 ${fingerprint}`;
const sdp = (...more: string[]): string =>
  ['v=0', 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel', line, ...more, ''].join('\r\n');
const candidate = 'a=candidate:1 1 udp 2113937151 10.0.0.1 5000 typ host generation 0';

test('the fingerprint of a description is read, at whatever level and however often it stands there', () => {
  const hex = fingerprint.replaceAll(':', '').toLowerCase();
  expect(toHex(parseFingerprint(sdp())!)).toBe(hex);
  expect(toHex(parseFingerprint(sdp(line.toLowerCase()))!)).toBe(hex);
});

test('a description that names several certificates or another hash proves nothing', () => {
  expect(parseFingerprint(sdp(line.replace('00:', 'FF:')))).toBeUndefined();
  expect(parseFingerprint(sdp('a=fingerprint:sha-512 00:11'))).toBeUndefined();
  expect(parseFingerprint('v=0\r\n')).toBeUndefined();
  expect(parseFingerprint('a=fingerprint:sha-256 00:11\r\n')).toBeUndefined();
});

test('only descriptions for data alone, with few candidates, are taken', () => {
  expect(findSdpFault(sdp(candidate))).toBeUndefined();
  expect(findSdpFault(sdp('m=audio 9 UDP/TLS/RTP/SAVPF 111'))).toMatch(/data alone/);
  expect(findSdpFault('v=0\r\n')).toMatch(/data alone/);
  expect(findSdpFault(sdp(...Array.from({ length: 65 }, () => candidate)))).toMatch(/candidates/);
  expect(findSdpFault(sdp('a=x'.repeat(4000)))).toMatch(/too long/);
  expect(findSdpFault(sdp('a=fingerprint:sha-1 00'))).toMatch(/fingerprint/);
});

test('candidates and relays are told apart by type', () => {
  expect([hasCandidate(sdp(candidate), 'host'), hasCandidate(sdp(candidate), 'relay')]).toEqual([true, false]);
  expect(hasTurnServer([{ urls: 'stun:a' }, { urls: ['stun:b', 'turns:c?transport=tcp'] }])).toBe(true);
  expect(hasTurnServer([{ urls: 'stun:turn.example' }])).toBe(false);
});

const pair = {
  id: 'P',
  type: 'candidate-pair',
  localCandidateId: 'L',
  remoteCandidateId: 'R',
  currentRoundTripTime: 0.012,
};
const report = (...entries: ({ id: string } & Record<string, unknown>)[]): Map<string, unknown> =>
  new Map(entries.map((entry) => [entry.id, entry]));

test('the pair that the transport has selected tells path, round-trip time and the network of the other end', () => {
  const ends = [
    { id: 'L', type: 'local-candidate', candidateType: 'host' },
    { id: 'R', type: 'remote-candidate', candidateType: 'srflx', address: '198.51.100.7' },
  ];
  const other = { ...pair, id: 'Q', currentRoundTripTime: 1, nominated: true, state: 'succeeded' };
  const transport = { id: 'T', type: 'transport', selectedCandidatePairId: 'P' };
  expect(readPairStats(report(other, pair, ...ends, transport))).toEqual({
    path: 'direct',
    rttMs: 12,
    network: '198.51.100',
  });
});

test('a relayed candidate at either end means that the link goes through TURN', () => {
  for (const end of ['L', 'R']) {
    const relayed = report({ ...pair, selected: true }, { id: end, type: 'candidate', candidateType: 'relay' });
    expect(readPairStats(relayed)).toEqual({ path: 'turn', rttMs: 12, network: undefined });
  }
});

test('without a pair in use nothing is said', () => {
  expect(readPairStats(report(pair))).toBeUndefined();
  expect(readPairStats(report())).toBeUndefined();
});
