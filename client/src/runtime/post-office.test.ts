import { expect, test } from 'vitest';
import { type Contact, contactFromKey, type NodeId } from '../../../shared/src/ids.ts';
import { ManualClock } from '../adapters/memory/manual-clock.ts';
import type { Tabs } from '../ports/tabs.ts';
import type { Mail } from './mail.ts';
import { type LetterRoutes, PostOffice } from './post-office.ts';

const person = (seed: number): Contact => contactFromKey(new Uint8Array(32).fill(seed));
const friend = person(1);
const letter = Uint8Array.of(9, 9, 9);

/** A post office whose ways are what the test says, and which notes the ways that letters took. */
function office(
  ways: {
    readonly overlay?: () => Promise<boolean>;
    readonly server?: boolean;
    readonly tab?: NodeId;
    readonly confirmation?: Promise<boolean>;
    readonly isServerFirst?: boolean;
    readonly found?: readonly Contact[];
  } = {},
) {
  const taken: string[] = [];
  const tagged: Uint8Array[] = [];
  const clock = new ManualClock();
  const overlay: LetterRoutes = {
    contactOf: () => undefined,
    lookup: (_key) =>
      ways.found
        ? Promise.resolve({ kind: 'lookup', closest: ways.found, hops: 1, elapsedMs: 1, path: [] })
        : Promise.reject(new Error('no links')),
    route: () => {
      taken.push('overlay');
      return ways.overlay?.() ?? Promise.resolve(true);
    },
  };
  const tabs: Tabs = {
    start: () => undefined,
    close: () => undefined,
    deliver: (to) => {
      if (to !== ways.tab) return Promise.resolve(false);
      taken.push('tab');
      return ways.confirmation ?? Promise.resolve(true);
    },
  };
  const mail: Mail = {
    seal: () => Promise.resolve(letter),
    open: () => Promise.resolve({ ok: false, error: 'malformed' }),
  };
  const post = new PostOffice({
    mail,
    clock,
    overlay: () => overlay,
    signaling: () => ({
      signal: (_to, bytes) => {
        taken.push('server');
        tagged.push(bytes);
        return Promise.resolve(ways.server ?? false);
      },
    }),
    tabs,
    isServerFirst: () => ways.isServerFirst ?? false,
  });
  return { post, taken, tagged, clock };
}

test('a joined peer sends over the overlay and leaves the server alone', async () => {
  const { post, taken } = office();
  expect(await post.carry(friend, 'signal', letter, 1_000)).toBe(true);
  expect(taken).toEqual(['overlay']);
});

test('the server is asked when the overlay cannot deliver', async () => {
  const { post, taken } = office({ overlay: () => Promise.resolve(false), server: true });
  expect(await post.carry(friend, 'signal', letter, 1_000)).toBe(true);
  expect(taken).toEqual(['overlay', 'server']);
});

test('the server is raced against an overlay that takes more than two seconds', async () => {
  const { post, taken, clock } = office({ overlay: () => new Promise(() => undefined), server: true });
  const delivery = post.carry(friend, 'call', letter, 10_000);
  await clock.advance(1_999);
  expect(taken).toEqual(['overlay']);
  await clock.advance(1);
  expect(await delivery).toBe(true);
  expect(taken).toEqual(['overlay', 'server']);
});

test('a letter that nobody can carry is reported as not delivered, and leaves no timer', async () => {
  const { post, clock } = office({ overlay: () => Promise.resolve(false) });
  expect(await post.carry(friend, 'signal', letter, 1_000)).toBe(false);
  expect(clock.timerCount).toBe(0);
});

test('a peer that is not joined yet asks the server first', async () => {
  const { post, taken } = office({ isServerFirst: true, server: true });
  await post.carry(friend, 'signal', letter, 1_000);
  expect(taken).toEqual(['server']);
});

test('a peer that is not joined yet answers on the way that a letter came over the overlay', async () => {
  const { post, taken } = office({ isServerFirst: true, server: true });
  await post.carry(friend, 'signal', letter, 1_000, 'abcd');
  expect(taken).toEqual(['overlay']);
});

test('a newcomer that wrote through the server is answered there, until it writes over the overlay', async () => {
  const { post, taken } = office({ server: true });
  post.noteWay(friend.id, 'server');
  await post.carry(friend, 'signal', letter, 1_000);
  post.noteWay(friend.id, 'overlay');
  await post.carry(friend, 'signal', letter, 1_000);
  expect(taken).toEqual(['server', 'overlay']);
});

test('a tab of the same browser gets its letters without the network', async () => {
  const { post, taken } = office({ tab: friend.id });
  expect(await post.carry(friend, 'signal', letter, 1_000)).toBe(true);
  expect(taken).toEqual(['tab']);
});

test('a letter that a tab has not confirmed in half a second goes the other ways too', async () => {
  const { post, taken, clock } = office({ tab: friend.id, confirmation: new Promise(() => undefined) });
  const delivery = post.carry(friend, 'signal', letter, 10_000);
  await clock.advance(499);
  expect(taken).toEqual(['tab']);
  await clock.advance(1);
  expect(await delivery).toBe(true);
  expect(taken).toEqual(['tab', 'overlay']);
});

test('a letter that only a busy tab can take is delivered once the tab confirms it', async () => {
  let confirm = (_isTaken: boolean): void => undefined;
  const confirmation = new Promise<boolean>((resolve) => {
    confirm = resolve;
  });
  const { post, taken, clock } = office({ tab: friend.id, confirmation, overlay: () => Promise.resolve(false) });
  const delivery = post.carry(friend, 'signal', letter, 10_000);
  await clock.advance(1_000);
  expect(taken).toEqual(['tab', 'overlay', 'server']);
  confirm(true);
  expect(await delivery).toBe(true);
});

test('outside the overlay a byte before the seal says what the letter is for', async () => {
  const { post, tagged } = office({ overlay: () => Promise.resolve(false), server: true });
  await post.carry(friend, 'call', letter, 1_000);
  expect(tagged).toEqual([Uint8Array.of(1, 9, 9, 9)]);
  expect(post.openTagged(tagged[0]!)).toEqual({ protocol: 'call', sealed: letter });
  for (const unknown of [Uint8Array.of(), Uint8Array.of(3, 9)]) expect(post.openTagged(unknown)).toBeUndefined();
});

test('the keys of a correspondent come from memory, else from a lookup, else the letter is not sent', async () => {
  const known = office();
  known.post.remember(friend);
  expect(await known.post.send(friend.id, 'app', letter, 1_000)).toBe(true);
  const found = office({ found: [person(2), friend] });
  expect(await found.post.send(friend.id, 'app', letter, 1_000)).toBe(true);
  const lost = office({ found: [person(2)] });
  expect(await lost.post.send(friend.id, 'app', letter, 1_000)).toBe(false);
  expect(lost.taken).toEqual([]);
  expect(await office().post.send(friend.id, 'app', letter, 1_000)).toBe(false);
});
