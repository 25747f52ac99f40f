import { expect, test } from 'vitest';
import { contactFromKey, hashToId } from '../../../../shared/src/ids.ts';
import { CHANNEL_OPEN_TIMEOUT_MS, FIRST_CHANNEL_ID, MAX_TORRENTS } from '../../../../shared/src/limits/storage.ts';
import { ManualClock } from '../../adapters/memory/manual-clock.ts';
import type { Link } from '../links/types.ts';
import { ChannelBroker } from './channel-broker.ts';
import { type SwarmFrame, encodeSwarmFrame } from './control.ts';
import { infoHash } from './test/torrent.ts';

/** A link whose peer is hand-driven, and how many channels were made on it. */
function scene(): { clock: ManualClock; receive: (frame: SwarmFrame) => void; made: () => number } {
  const clock = new ManualClock();
  let made = 0;
  const link = {
    peer: contactFromKey(new Uint8Array(32).fill(1)),
    isOfferer: true,
    openChannel: () => {
      made++;
      return { close: () => undefined };
    },
  } as unknown as Link;
  const broker = new ChannelBroker({
    self: hashToId(Uint8Array.of(2)),
    clock,
    sendControl: () => undefined,
    torrentOf: (swarm) => swarm,
    refusal: () => undefined,
    opened: () => undefined,
    failed: () => undefined,
  });
  return { clock, receive: (frame) => broker.receive(link, encodeSwarmFrame(frame)), made: () => made };
}

test('a peer that asks again and again has no more channels made than a tab has torrents, and later on again', async () => {
  const { clock, receive, made } = scene();
  const ask = (n: number): void => receive({ kind: 'OPEN', id: FIRST_CHANNEL_ID + 1 + 2 * (n % 100), infoHash });
  for (let n = 0; n < 2 * MAX_TORRENTS; n++) ask(n);
  expect(made()).toBe(MAX_TORRENTS);
  await clock.advance(CHANNEL_OPEN_TIMEOUT_MS);
  ask(0);
  expect(made()).toBe(MAX_TORRENTS + 1);
});
