import { expect, test } from 'vitest';
import type { NodeId } from '../../../shared/src/ids.ts';
import {
  LINK_STORES_PER_SECOND,
  LINK_STORE_BURST,
  UNSOLICITED_BURST,
  UNSOLICITED_PER_SECOND,
} from '../../../shared/src/limits/records.ts';
import { seededRng } from '../../../shared/src/machine.ts';
import { Admission, Allowance } from './admission.ts';
import { idAt, keyAt, person } from './record-test-kit.ts';
import { WriteTokens } from './write-tokens.ts';

const key = keyAt('12');
const stranger = person(1);
const arrival = (from: NodeId): { from: NodeId; origin: typeof stranger } => ({ from, origin: stranger });

test('an allowance is spent one by one and grows back to its burst', () => {
  const allowance = new Allowance(2, 1, 0);
  expect([allowance.take(0), allowance.take(0), allowance.take(0)]).toEqual([true, true, false]);
  expect([allowance.take(1_000), allowance.take(1_000)]).toEqual([true, false]);
  expect([allowance.take(60_000), allowance.take(60_000), allowance.take(60_000)]).toEqual([true, true, false]);
});

test('strangers write without a token until too many do; then a token lets them in at once', () => {
  const tokens = new WriteTokens(seededRng(1));
  const admission = new Admission(tokens);
  const judge = (token?: string): string => admission.judge(arrival(idAt('f')), key, token, 0);
  const first = Array.from({ length: UNSOLICITED_BURST }, () => judge());
  expect(new Set(first)).toEqual(new Set(['ok']));
  expect(judge()).toBe('bad-token');
  expect(judge('nope')).toBe('bad-token');
  expect(judge(tokens.issue(stranger.id, key, 0))).toBe('ok');
  expect(admission.judge(arrival(idAt('f')), key, undefined, 1_000 / UNSOLICITED_PER_SECOND)).toBe('ok');
});

test('a linked peer has proven who it is and needs no token', () => {
  const admission = new Admission(new WriteTokens(seededRng(1)));
  for (let i = 0; i < UNSOLICITED_BURST; i++) admission.judge(arrival(idAt('f')), key, undefined, 0);
  expect(admission.judge(arrival(stranger.id), key, undefined, 0)).toBe('ok');
});

test('each link has its own rate, tokens or not', () => {
  const tokens = new WriteTokens(seededRng(1));
  const admission = new Admission(tokens);
  const token = tokens.issue(stranger.id, key, 0);
  for (let i = 0; i < LINK_STORE_BURST; i++) expect(admission.judge(arrival(idAt('f')), key, token, 0)).toBe('ok');
  expect(admission.judge(arrival(idAt('f')), key, token, 0)).toBe('quota');
  expect(admission.judge(arrival(idAt('e')), key, token, 0)).toBe('ok');
  expect(admission.judge(arrival(idAt('f')), key, token, 1_000 / LINK_STORES_PER_SECOND)).toBe('ok');
});

test('what a link only passes on without a token is charged to all strangers, not to the link', () => {
  const tokens = new WriteTokens(seededRng(1));
  const admission = new Admission(tokens);
  const neighbour = person(2);
  for (let i = 0; i < 2 * LINK_STORE_BURST; i++) admission.judge(arrival(neighbour.id), key, undefined, 0);
  expect(admission.judge(arrival(neighbour.id), key, undefined, 0)).toBe('bad-token');
  expect(admission.judge({ from: neighbour.id, origin: neighbour }, key, undefined, 0)).toBe('ok');
  expect(admission.judge(arrival(neighbour.id), key, tokens.issue(stranger.id, key, 0), 0)).toBe('ok');
});

test('comparisons of peers that are not linked have a rate of their own, which takes nothing from stores', () => {
  const admission = new Admission(new WriteTokens(seededRng(1)));
  const far = Array.from({ length: UNSOLICITED_BURST + 1 }, () => admission.judgeSync(arrival(idAt('f')), 0));
  expect([far.filter(Boolean).length, far.at(-1)]).toEqual([UNSOLICITED_BURST, false]);
  expect(admission.judgeSync(arrival(stranger.id), 0)).toBe(true);
  expect(admission.judge(arrival(idAt('f')), key, undefined, 0)).toBe('ok');
  expect(admission.judgeSync(arrival(idAt('f')), 1_000 / UNSOLICITED_PER_SECOND)).toBe(true);
});

test('a stranger that compares over one link leaves those their rate that compare over others', () => {
  const admission = new Admission(new WriteTokens(seededRng(1)));
  for (let i = 0; i <= UNSOLICITED_BURST; i++) admission.judgeSync(arrival(idAt('f')), 0);
  expect(admission.judgeSync(arrival(idAt('f')), 0)).toBe(false);
  expect(admission.judgeSync({ from: idAt('e'), origin: person(3) }, 0)).toBe(true);
});

test('what strangers write over a link with good tokens leaves the peer at its other end its own rate', () => {
  const tokens = new WriteTokens(seededRng(1));
  const admission = new Admission(tokens);
  const neighbour = person(2);
  const token = tokens.issue(stranger.id, key, 0);
  const judge = (origin: typeof stranger): string =>
    admission.judge({ from: neighbour.id, origin }, key, origin === stranger ? token : undefined, 0);
  for (let i = 0; i <= LINK_STORE_BURST; i++) judge(stranger);
  expect([judge(stranger), judge(neighbour)]).toEqual(['quota', 'ok']);
});
