import { expect, test } from 'vitest';
import { ID_BYTES, contactFromKey, nodeIdFromBytes } from '../../shared/src/ids.ts';
import { randomBytes, seededRng } from '../../shared/src/machine.ts';
import { commonPrefixBits } from '../../shared/src/xor.ts';
import { ContactCache } from '../src/overlay/contact-cache.ts';
import {
  FLAG_NEEDED,
  FRAME,
  decodeContacts,
  decodePing,
  encodeContacts,
  encodePing,
} from '../src/overlay/link-frames.ts';
import type { OverlayInput, OverlayOutput } from '../src/overlay/types.ts';
import { type AttackKind, Coalition, contactNear } from './adversary.ts';
import { parseCommand } from './command.ts';
import type { Report } from './report.ts';
import { runScenario } from './run.ts';
import { SCENARIOS } from './scenarios/index.ts';
import type { SimNode } from './sim-node.ts';

function run(kind: AttackKind, disjoint: number, share: number): Report {
  const own = ['--kind', kind, '--disjoint', String(disjoint), '--share', String(share)];
  const command = parseCommand(['adversary', '--nodes', '60', '--lookups', '150', '--seed', '3', ...own], SCENARIOS);
  if (command.kind !== 'run') throw new Error('the command line is not understood');
  return runScenario(command.scenario, command.settings);
}

test('without colluders eight disjoint copies find every peer', () => {
  const { success, violations } = run('drop', 8, 0);
  expect({ success, violations }).toEqual({ success: 1, violations: [] });
}, 120_000);

test.each(['drop', 'misroute', 'lie', 'eclipse'] as const)(
  'while a fifth of the peers do it (%s), eight disjoint copies find 97 in 100 peers and name nobody dead',
  (kind) => {
    const { success, violations, extra } = run(kind, 8, 0.2);
    expect(success).toBeGreaterThanOrEqual(0.97);
    expect(violations).toEqual([]);
    expect(extra['namedDead']).toBe(0);
  },
  120_000,
);

test.each(['ping', 'pong', 'contacts'] as const)(
  'an attacker tells its victim with every %s that it needs the link',
  (frame) => {
    const rng = seededRng(6);
    const coalition = new Coalition('eclipse', 0, rng);
    const [attacker, victim] = [contactFromKey(randomBytes(rng, 32)), contactFromKey(randomBytes(rng, 32))];
    coalition.victim = victim.id;
    const fields = { flags: 0, sequence: 1, rttMs: 20 };
    const bytes = frame === 'contacts' ? encodeContacts({ flags: 0, contacts: [] }) : encodePing(FRAME[frame], fields);
    const overlay = {
      handle: (_input: OverlayInput, _now: number, out: OverlayOutput[]) =>
        void out.push({ kind: 'send', to: victim.id, bytes }),
    };
    // Of its node an attacker uses the machine and the contact alone here.
    const node = { contact: attacker, overlay, links: new Map(), rng } as unknown as SimNode;
    coalition.recruit(node);
    const out: OverlayOutput[] = [];
    node.behaviour?.handle({ kind: 'deadline' }, 0, out);
    const [sent] = out.flatMap((output) => (output.kind === 'send' ? [output.bytes] : []));
    const told = frame === 'contacts' ? decodeContacts(sent!, new ContactCache()) : decodePing(sent!);
    expect((told?.flags ?? 0) & FLAG_NEEDED).toBe(FLAG_NEEDED);
  },
);

test('an attacker gets as close to a key as its tries allow and no closer', () => {
  const rng = seededRng(4);
  const key = nodeIdFromBytes(randomBytes(rng, ID_BYTES));
  expect(commonPrefixBits(key, contactNear(key, 8, 100_000, rng).id)).toBeGreaterThanOrEqual(8);
  expect(commonPrefixBits(key, contactNear(key, 100, 16, rng).id)).toBeLessThan(20);
});
