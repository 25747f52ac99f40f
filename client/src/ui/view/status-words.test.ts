import { describe, expect, it } from 'vitest';
import type { NodeStatus } from '../../api.ts';
import { statusSentence, statusTone } from './status-words.ts';
import { ALONE } from './test/status.ts';

const STATUS: NodeStatus = { ...ALONE, joined: true, links: 6, relayed: 1, known: 9, networkSize: 10 };

function say(status: Partial<NodeStatus>, wasConnected = true, isOffline = false): string {
  return statusSentence({ phase: 'joined', status: { ...STATUS, ...status }, wasConnected, isOffline });
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
    expect(
      statusTone({ phase: 'joined', status: { ...STATUS, server: 'lost' }, wasConnected: true, isOffline: false }),
    ).toBe('warning');
  });

  it('tells a server that was never there from one that is gone', () => {
    expect(say({ server: 'lost', links: 0 }, false)).toBe('The server cannot be reached. Trying again…');
    expect(say({ server: 'connecting', links: 0 }, false)).toBe('Connecting to the server…');
    // Whose fault it is nobody can say: a router that has lost the Internet looks the same, and brings no `offline` event.
    expect(say({ server: 'lost', links: 0 })).toBe('Neither the server nor a peer can be reached. Trying again…');
    expect(say({ server: 'lost', links: 2 }, false)).toBe(
      'The server cannot be reached. You are connected to 2 peers.',
    );
  });

  it('blames no server while this device is in no network', () => {
    expect(say({ server: 'lost', links: 0 }, true, true)).toBe('This device is in no network. Trying again…');
    expect(say({ server: 'lost' }, false, true)).toBe('This device is in no network. Trying again…');
    expect(say({ links: 1, relayed: 0 }, true, true)).toBe('Connected to 1 peer · direct');
  });

  it('has words before there is a node and after a failed start', () => {
    expect(statusSentence({ phase: 'joining', status: undefined, wasConnected: false, isOffline: false })).toBe(
      'Starting…',
    );
    expect(statusTone({ phase: 'failed', status: undefined, wasConnected: false, isOffline: false })).toBe('bad');
  });
});
