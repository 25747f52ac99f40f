import { expect, test } from 'vitest';
import { ManualClock } from '../memory/manual-clock.ts';
import { silentLog } from './log.ts';
import { SimplePeerConnector } from './simple-peer-connector.ts';

test('without WebRTC a connection closes with an error, later and once', async () => {
  const ends: string[] = [];
  const nothing = (): void => undefined;
  const handler = {
    description: nothing,
    open: nothing,
    message: nothing,
    writable: nothing,
    closed: (reason: string) => ends.push(reason),
  };
  const connector = new SimplePeerConnector(silentLog, new ManualClock());
  const connection = connector.connect('offerer', { iceServers: [], relayOnly: false }, handler);
  expect(ends).toEqual([]);
  expect(connection.send(Uint8Array.of(1))).toBe('refused');
  await Promise.resolve();
  connection.close();
  connection.accept('v=0');
  expect(ends).toEqual(['error']);
  expect(await connection.pair()).toBeUndefined();
  expect(connection.fingerprints()).toBeUndefined();
  expect(connection.queuedBytes).toBe(0);
});
