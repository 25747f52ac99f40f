import { expect, test } from 'vitest';
import { type PeerUse, leastUseful } from './peer-turnover.ts';

const IDLE: PeerUse = {
  id: 'idle',
  downBytesPerSecond: 0,
  upBytesPerSecond: 0,
  downloadedBytes: 1000,
  uploadedBytes: 0,
  isSource: true,
  isChokingUs: true,
};

const always = (): boolean => true;

test('a peer that gives, takes, or would give is never given up', () => {
  const peers = [
    { ...IDLE, id: 'gives', downBytesPerSecond: 1 },
    { ...IDLE, id: 'takes', upBytesPerSecond: 1 },
    { ...IDLE, id: 'would give', isChokingUs: false },
  ];
  expect(leastUseful(peers, always)).toBeUndefined();
});

test('of idle peers the one that moved least leaves, whether it chokes us or has nothing', () => {
  const peers = [IDLE, { ...IDLE, id: 'has nothing', isSource: false, isChokingUs: false, downloadedBytes: 10 }];
  expect(leastUseful(peers, always)).toBe('has nothing');
});

test('a peer that just came is given its time', () => {
  expect(leastUseful([IDLE], (id) => id !== 'idle')).toBeUndefined();
});
