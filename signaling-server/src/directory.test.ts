import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Contact, contactFromKey } from '../../shared/src/ids.ts';
import { seededRng } from '../../shared/src/machine.ts';
import { compareDistance } from '../../shared/src/xor.ts';
import { pick } from '../test/fixtures.ts';
import { Directory } from './directory.ts';

const contacts = Array.from({ length: 20 }, (_, index) => contactFromKey(new Uint8Array(32).fill(index)));
const change = fc.record({ isJoin: fc.boolean(), peer: fc.nat(19), session: fc.nat(2) });

test('after any joins and leaves, introductions are the nearest and others that are there, each once', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), fc.nat(19), fc.integer(), (changes, askerIndex, seed) => {
      const directory = new Directory<number>(seededRng(seed), 12);
      const model = new Map<Contact, number>();
      for (const { isJoin, peer: index, session } of changes) {
        const peer = pick(contacts, index);
        const isTaken = isJoin ? directory.set(peer, session) : directory.delete(peer.id, session);
        const isRoom = model.has(peer) || model.size < 12;
        expect(isTaken).toBe(isJoin ? isRoom : model.get(peer) === session);
        if (isTaken && isJoin) model.set(peer, session);
        else if (isTaken) model.delete(peer);
        expect(directory.size).toBe(model.size);
        expect(directory.get(peer.id)).toBe(model.get(peer));
      }
      const asker = pick(contacts, askerIndex);
      const others = [...model.keys()].filter((peer) => peer !== asker).map((peer) => peer.id);
      const introduced = directory.introductionsFor(asker.id).map((peer) => peer.id);
      expect(new Set(introduced).size).toBe(Math.min(5, others.length));
      expect(introduced.length).toBe(Math.min(5, others.length));
      expect(others).toEqual(expect.arrayContaining(introduced));
      const nearest = others.toSorted((a, b) => compareDistance(asker.id, a, b)).slice(0, 3);
      expect(introduced).toEqual(expect.arrayContaining(nearest));
    }),
  );
});
