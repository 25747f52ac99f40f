import { describe, expect, it } from 'vitest';
import type { CallEndReason, NodeStatus, SwarmProgress } from '../../api.ts';
import {
  bannedSentence,
  callWord,
  downloadWord,
  endSentence,
  failWord,
  offerSentence,
  remoteMutedSentence,
  sourcesText,
  statusSentence,
  statusTone,
} from './sentences.ts';

const STATUS: NodeStatus = {
  server: 'connected',
  joined: true,
  links: 6,
  relayed: 1,
  known: 9,
  networkSize: 10,
  secure: true,
  storage: 'persistent',
};

const PROGRESS: SwarmProgress = {
  doneBytes: 0,
  totalBytes: 10,
  downBytesPerSecond: 0,
  upBytesPerSecond: 0,
  uploadedBytes: 0,
  etaMs: undefined,
  peers: 0,
  sources: 0,
  banned: [],
};

const END_REASONS: readonly CallEndReason[] = [
  'hung-up',
  'declined',
  'busy',
  'cancelled',
  'no-answer',
  'answered-elsewhere',
  'not-found',
  'unreachable',
  'media-failed',
  'no-path',
  'connection-lost',
  'error',
];

function say(status: Partial<NodeStatus>, wasConnected = true): string {
  return statusSentence({ phase: 'joined', status: { ...STATUS, ...status }, wasConnected });
}

describe('the status line', () => {
  it('counts peers and says how they are reached', () => {
    expect(say({})).toBe('Connected to 6 peers · 5 direct, 1 through TURN');
    expect(say({ relayed: 0 })).toBe('Connected to 6 peers · all direct');
    expect(say({ links: 1, relayed: 0 })).toBe('Connected to 1 peer · direct');
    expect(say({ links: 1, relayed: 1 })).toBe('Connected to 1 peer · through TURN');
  });

  it('looks for peers while there are none', () => {
    expect(say({ links: 0, relayed: 0 })).toBe('Looking for peers…');
  });

  it('says that the network outlives the server', () => {
    expect(say({ server: 'lost' })).toBe('The server is gone. You are still connected to 6 peers.');
    expect(say({ server: 'connecting' })).toBe('The server is gone. You are still connected to 6 peers.');
    expect(statusTone({ phase: 'joined', status: { ...STATUS, server: 'lost' }, wasConnected: true })).toBe('warning');
  });

  it('tells a server that was never there from one that is gone', () => {
    expect(say({ server: 'lost', links: 0 }, false)).toBe('The server cannot be reached. Trying again…');
    expect(say({ server: 'connecting', links: 0 }, false)).toBe('Connecting to the server…');
    expect(say({ server: 'lost', links: 0 })).toBe('The server is gone and no peer is connected. Trying again…');
    expect(say({ server: 'lost', links: 2 }, false)).toBe(
      'The server cannot be reached. You are connected to 2 peers.',
    );
  });

  it('has words before there is a node and after a failed start', () => {
    expect(statusSentence({ phase: 'joining', status: undefined, wasConnected: false })).toBe('Starting…');
    expect(statusTone({ phase: 'failed', status: undefined, wasConnected: false })).toBe('bad');
  });
});

describe('words for downloads', () => {
  it('tells finding peers, getting the details and waiting for a source apart', () => {
    const finding = { state: 'finding', progress: PROGRESS } as const;
    expect(downloadWord(finding, false)).toBe('Finding peers');
    expect(downloadWord({ ...finding, progress: { ...PROGRESS, peers: 2 } }, false)).toBe('Getting the details');
    expect(downloadWord(finding, true)).toBe('Waiting for a source');
  });

  it('says when a running download has no source left', () => {
    expect(downloadWord({ state: 'downloading', progress: PROGRESS }, true)).toBe('Waiting for a source');
    expect(downloadWord({ state: 'downloading', progress: { ...PROGRESS, sources: 1 } }, true)).toBe('Downloading');
  });

  it('counts sources only while something is missing', () => {
    const progress = { ...PROGRESS, peers: 2, sources: 1 };
    expect(sourcesText(progress, false)).toBe('1 source · 2 peers');
    expect(sourcesText(progress, true)).toBe('2 peers');
  });

  it('names peers that were dropped for bad data, each once', () => {
    const otter = { id: 'a'.repeat(40), name: 'Amber Otter' };
    expect(bannedSentence([])).toBeUndefined();
    expect(bannedSentence([otter, otter])).toMatch(/^Amber Otter sent bad data and was dropped\./);
    expect(bannedSentence([otter, { id: 'b'.repeat(40), name: undefined }])).toMatch(
      /^Amber Otter and bbbbbbbb sent bad data and were dropped\./,
    );
  });
});

describe('words for calls', () => {
  it('counts the seconds of ringing', () => {
    expect(callWord('ringing', undefined, 7_400)).toBe('Ringing… 0:07');
  });

  it('has a different word and a sentence for each way a call can end', () => {
    const words = END_REASONS.map((reason) => callWord('ended', reason, 0));
    expect(new Set(words).size).toBe(END_REASONS.length);
    for (const reason of END_REASONS) expect(endSentence(reason, 'Amber Otter')).toMatch(/\.$/);
  });

  it('says why a call could not be placed', () => {
    expect(failWord('not-found')).toBe('Not found');
    expect(failWord('no-links')).toBe('Cannot be reached');
    expect(failWord('bad-argument')).toBe('Not an address');
    expect(failWord('internal')).toBe('Call failed');
  });

  it('says what is offered', () => {
    expect(offerSentence({ audio: true, video: true })).toContain('video');
    expect(offerSentence({ audio: true, video: false })).toContain('talk');
    expect(offerSentence({ audio: false, video: false })).toContain('without');
  });

  it('says what the other side has switched off, and nothing otherwise', () => {
    expect(remoteMutedSentence({ audio: false, video: false })).toBeUndefined();
    expect(remoteMutedSentence({ audio: true, video: false })).toContain('microphone');
    expect(remoteMutedSentence({ audio: false, video: true })).toContain('camera');
  });
});
