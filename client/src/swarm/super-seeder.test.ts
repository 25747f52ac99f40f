import { expect, test, vi } from 'vitest';
import { hashToId, nodeIdToBytes } from '../../../shared/src/ids.ts';
import { PieceStates } from './piece-states.ts';
import { Bench } from './test/bench.ts';
import { WireWriter } from './wire.ts';

/** Messages of a peer that come at once. */
const MESSAGES = 1000;

test.each([
  ['that it has a piece', (writer: WireWriter, offered: number) => writer.have(offered)],
  ['that it wants nothing, and something', (writer: WireWriter) => writer.notInterested().interested()],
])('a peer that says again and again %s has a super-seed look at its peers a few times', (_what, say) => {
  const bench = new Bench('seed');
  bench.input({ kind: 'command', command: { kind: 'setSuperSeeding', isSuperSeeding: true } });
  bench.messages(bench.greet());
  const out = bench.receive((writer) => writer.haveNone().interested());
  const [offered = -1] = bench.messages(out).flatMap((message) => (message.kind === 'have' ? [message.piece] : []));
  for (const name of [3, 4]) {
    const peer = hashToId(Uint8Array.of(name));
    bench.input({ kind: 'linkUp', peer, isOutbound: false });
    const greeting = new WireWriter().handshake(bench.torrent.infoHashBytes, nodeIdToBytes(peer));
    bench.input({ kind: 'received', from: peer, bytes: greeting.haveNone().interested().take() });
  }
  const looks = vi.spyOn(PieceStates.prototype, 'availability');
  bench.receive((writer) => {
    for (let said = 0; said < MESSAGES; said++) say(writer, offered);
    return writer;
  });
  expect(looks.mock.calls.length).toBeLessThan(MESSAGES / 10);
  looks.mockRestore();
});
