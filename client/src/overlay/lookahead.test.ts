import { expect, test } from 'vitest';
import { type Contact, contactFromKey } from '../../../shared/src/ids.ts';
import { LOOKAHEAD_MIN_AGE_MS, LOOKAHEAD_MIN_DEPTH, LOOKAHEAD_PERIOD_MS } from '../../../shared/src/limits/overlay.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { commonPrefixBits } from '../../../shared/src/xor.ts';
import { FRAME, encodePing } from './link-frames.ts';
import { LinkedMachine } from './linked-machine-test-kit.ts';
import { siblingCountFor } from './link-policy.ts';
import { type LinksFrame, decodeLinks, peerOf, toldRtt } from './told-links.ts';
import type { OverlayOutput } from './types.ts';

const rng = seededRng(61);
const newContact = (): Contact => contactFromKey(randomBytes(rng, 32));
const self = newContact();
const TARGET = 8;
const far = Array.from({ length: 6 }, newContact);

/** As many siblings as there are, each sharing as many bits with us as make a network deep. */
const near = ((): Contact[] => {
  const found: Contact[] = [];
  while (found.length < siblingCountFor(TARGET)) {
    const contact = newContact();
    if (commonPrefixBits(self.id, contact.id) >= LOOKAHEAD_MIN_DEPTH) found.push(contact);
  }
  return found;
})();

/** Links the machine to `contacts`, who answer its first ping after 100 ms. */
function link(lab: LinkedMachine, ...contacts: readonly Contact[]): void {
  lab.link(...contacts);
  lab.now += 100;
  const pong = encodePing(FRAME.pong, { flags: 0, sequence: 1, rttMs: 0 });
  for (const { id } of contacts) lab.feed({ kind: 'received', from: id, bytes: pong });
}

function machineWith(...contacts: readonly Contact[]): LinkedMachine {
  const lab = new LinkedMachine({ self, linkTarget: TARGET, linkHard: 16 });
  link(lab, ...contacts);
  return lab;
}

/** What each peer was told. */
function told(out: readonly OverlayOutput[]): Map<Contact['id'], LinksFrame[]> {
  const frames = new Map<Contact['id'], LinksFrame[]>();
  for (const output of out) {
    if (output.kind !== 'send' || output.bytes[1] !== FRAME.links) continue;
    const frame = decodeLinks(output.bytes);
    if (!frame) throw new Error('malformed');
    frames.set(output.to, [...(frames.get(output.to) ?? []), frame]);
  }
  return frames;
}

const prefixOf = ({ prefix }: Contact): number => prefix >>> 8;

test('a peer tells each of its links once which links it has, and no more while they stay the same', () => {
  const lab = machineWith(...near, ...far);
  const frames = told(lab.run(LOOKAHEAD_MIN_AGE_MS + 2 * LOOKAHEAD_PERIOD_MS));
  expect(new Set(frames.keys())).toEqual(new Set([...near, ...far].map(({ id }) => id)));
  for (const [frame, ...more] of frames.values()) {
    expect([frame?.isWhole, more]).toEqual([true, []]);
    expect(new Set(frame?.links.map(peerOf))).toEqual(new Set([...near, ...far].map(prefixOf)));
    expect(frame?.links.every((link) => toldRtt(link) > 0)).toBe(true);
  }
});

test('a new link and one that is gone are told to those who know the others', () => {
  const lab = machineWith(...near, ...far);
  lab.run(LOOKAHEAD_MIN_AGE_MS + 2 * LOOKAHEAD_PERIOD_MS);
  const newcomer = newContact();
  const [gone] = far as [Contact];
  link(lab, newcomer);
  lab.feed({ kind: 'linkDown', peer: gone.id });
  const frames = told(lab.run(LOOKAHEAD_MIN_AGE_MS + LOOKAHEAD_PERIOD_MS));
  expect(frames.get(newcomer.id)?.map(({ isWhole }) => isWhole)).toEqual([true]);
  const changes = frames.get(near[0]!.id);
  expect(changes?.map(({ isWhole }) => isWhole)).toEqual([false]);
  const links = changes?.flatMap((frame) => frame.links) ?? [];
  expect(links.map((link) => [peerOf(link), toldRtt(link) > 0])).toEqual(
    expect.arrayContaining([
      [prefixOf(gone), false],
      [prefixOf(newcomer), true],
    ]),
  );
  expect(links).toHaveLength(2);
});

test('where the siblings are far, two hops lead everywhere and nothing is told', () => {
  const lab = machineWith(...far);
  expect(told(lab.run(LOOKAHEAD_MIN_AGE_MS + 2 * LOOKAHEAD_PERIOD_MS)).size).toBe(0);
});
