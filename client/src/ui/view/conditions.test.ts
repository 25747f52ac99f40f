import { describe, expect, it } from 'vitest';
import type { NodeStatus } from '../../api.ts';
import { conditionsOf, type Situation } from './conditions.ts';
import { ALONE } from './test/status.ts';

const STATUS: NodeStatus = { ...ALONE, joined: true, links: 3, known: 3, networkSize: 4 };

const FINE: Situation = {
  phase: 'joined',
  joinError: undefined,
  status: STATUS,
  wasConnected: true,
  isOffline: false,
  isLate: true,
  hasWebRtc: true,
  isSecure: true,
  mayHaveHttps: true,
  wantsMemory: false,
};

function keys(change: Partial<Situation>): string[] {
  return conditionsOf({ ...FINE, ...change }).map(({ key }) => key);
}

describe('lasting trouble', () => {
  it('is not reported when all is well', () => {
    expect(keys({})).toEqual([]);
  });

  it('is one card for a browser without WebRTC, whoever noticed first', () => {
    expect(keys({ hasWebRtc: false, phase: 'failed', status: undefined })).toEqual(['no-webrtc']);
    const joinError = { code: 'no-webrtc', message: 'x.' };
    expect(keys({ phase: 'failed', joinError, status: undefined })).toEqual(['no-webrtc']);
  });

  it('gives the reason of a failed start', () => {
    const joinError = { code: 'unreachable', message: 'The server does not answer. Try again.' };
    const [card] = conditionsOf({ ...FINE, phase: 'failed', joinError, status: undefined });
    expect(card?.text).toBe(joinError.message);
    expect(card?.action?.does).toBe('reload');
  });

  it('says what a start that failed for no reason of its own means', () => {
    const joinError = { code: 'internal', message: 'Failed to fetch dynamically imported module: ./x.js' };
    const [card] = conditionsOf({ ...FINE, phase: 'failed', joinError, status: undefined });
    expect(card?.text).toBe(
      'Failed to fetch dynamically imported module: ./x.js. Nothing that is kept here is lost. Check the network and try again.',
    );
  });

  it('waits a moment before it calls a server unreachable, and gives the reason once', () => {
    const status = { ...STATUS, server: 'lost', links: 0, serverDetail: 'Connection refused' } as const;
    expect(keys({ status, wasConnected: false, isLate: false })).toEqual([]);
    const [card] = conditionsOf({ ...FINE, status, wasConnected: false });
    expect(card?.key).toBe('server-unreachable');
    expect(card?.text).toMatch(/^Connection refused\. Without it/);
  });

  it('offers no reload while the server was never reached: the page goes on by itself, and would be lost', () => {
    const [card, ...others] = conditionsOf({
      ...FINE,
      wasConnected: false,
      status: { ...STATUS, server: 'lost', links: 0 },
    });
    expect([card?.action, others]).toEqual([undefined, []]);
    expect(card?.text).toMatch(/Leave the page open: it goes on by itself\.$/);
  });

  it('says that the network lives on without the server, with nothing to do', () => {
    const [card] = conditionsOf({ ...FINE, status: { ...STATUS, server: 'lost' } });
    expect(card).toMatchObject({ key: 'server-gone', kind: 'info' });
    expect(card?.action).toBeUndefined();
  });

  it('blames no server where nobody at all is reached, and offers no reload, which would lose the page', () => {
    const [card, ...others] = conditionsOf({ ...FINE, status: { ...STATUS, server: 'connecting', links: 0 } });
    expect(card).toMatchObject({ key: 'alone', title: 'Neither the server nor anybody else can be reached' });
    expect([card?.action, others]).toEqual([undefined, []]);
    expect(card?.text).toMatch(/goes on by itself.*check that this device has Internet/);
  });

  it('blames no server while this device is in no network, and offers no reload, which would lose the page', () => {
    for (const links of [0, 3]) {
      const [card, ...others] = conditionsOf({
        ...FINE,
        isOffline: true,
        status: { ...STATUS, server: 'lost', links },
      });
      expect(card).toMatchObject({ key: 'offline', kind: 'warning' });
      expect([card?.action, others]).toEqual([undefined, []]);
    }
    expect(keys({ isOffline: true })).toEqual([]);
  });

  it('warns of an insecure address once, not of its lack of storage as well', () => {
    expect(keys({ isSecure: false, status: { ...STATUS, storage: 'memory', secure: false } })).toEqual(['insecure']);
  });

  it('sends nobody to https where the port speaks plain http', () => {
    const [there] = conditionsOf({ ...FINE, isSecure: false });
    expect(there?.action?.does).toBe('https');
    const [none] = conditionsOf({ ...FINE, isSecure: false, mayHaveHttps: false });
    expect(none?.action).toBeUndefined();
    expect(none?.text).toMatch(/ask whoever runs the server for an https address\.$/);
  });

  it('mentions missing storage unless it was asked for', () => {
    expect(keys({ status: { ...STATUS, storage: 'memory' } })).toEqual(['memory']);
    expect(keys({ status: { ...STATUS, storage: 'memory' }, wantsMemory: true })).toEqual([]);
  });
});
