import { expect, test } from 'vitest';
import { type Contact, contactFromKey } from '../../../shared/src/ids.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { AnswerTimes } from './answer-times.ts';
import { BrokenPairs } from './broken-pairs.ts';
import { ContactCache } from './contact-cache.ts';
import { Core } from './core.ts';
import { Forwarder } from './forwarder.ts';
import { FRAME, encodePing } from './link-frames.ts';
import { LinkPolicy } from './link-policy.ts';
import { Liveness } from './liveness.ts';
import { RoutingTable } from './routing-table.ts';
import { VirtualLinks } from './virtual-links.ts';

const rng = seededRng(83);
const newContact = (): Contact => contactFromKey(randomBytes(rng, 32));

test('what a peer says of the round trip before ours is measured makes it no nearer than it is', () => {
  const self = newContact();
  const core = new Core(self, rng, new ContactCache());
  const table = new RoutingTable(self.id, 10);
  const pairs = new BrokenPairs();
  const routing = { core, table, forwarder: new Forwarder(core, table), answerTimes: new AnswerTimes() };
  const policy = new LinkPolicy(core, table, { target: 40, hard: 64 }, pairs, new VirtualLinks(routing, pairs));
  const liveness = new Liveness(core, table, policy);
  const entry = table.linkUp(newContact(), 0);
  liveness.ping(entry);
  liveness.onPing(entry, encodePing(FRAME.ping, { flags: 0, sequence: 1, rttMs: 1 }));
  core.now = 300;
  liveness.onPong(entry, encodePing(FRAME.pong, { flags: 0, sequence: 1, rttMs: 1 }));
  expect(table.rttTo(entry)).toBe(300);
});
