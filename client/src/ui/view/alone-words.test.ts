import { expect, it } from 'vitest';
import { type AloneFacts, aloneSentence, stepsOf } from './alone-words.ts';
import { ALONE } from './test/status.ts';

const FIRST: AloneFacts = {
  phase: 'joined',
  status: ALONE,
  isOffline: false,
  isLate: false,
  wasLinked: false,
};

it('the first one is asked for company, and so is the last one', () => {
  expect(aloneSentence(FIRST)).toMatch(/^You're the first one here\. Open this page/);
  expect(aloneSentence({ ...FIRST, wasLinked: true })).toMatch(/^Everyone else has left\. Open this page/);
});

it('nobody is said to have left while the server cannot be reached either: it may be this device that is cut off', () => {
  const status = { ...ALONE, server: 'lost' } as const;
  expect(aloneSentence({ ...FIRST, status, wasLinked: true })).toBe(
    'Nobody can be reached now. The page goes on by itself as soon as somebody can.',
  );
  expect(aloneSentence({ ...FIRST, status })).toMatch(/^Nobody is here yet: the server is needed/);
  expect(aloneSentence({ ...FIRST, status, wasLinked: true, isOffline: true })).toMatch(
    /until this device is in a network/,
  );
});

/** What is said of each step. */
function tones(change: Partial<AloneFacts>): string[] {
  return stepsOf({ ...FIRST, ...change }).map(({ tone }) => tone);
}

it('each step of the start is done, under way, in trouble or failed', () => {
  expect(tones({ phase: 'joining', status: undefined })).toEqual(['waiting', 'waiting', 'waiting', 'waiting']);
  expect(tones({})).toEqual(['good', 'good', 'waiting', 'waiting']);
  expect(tones({ status: { ...ALONE, server: 'lost' } })).toEqual(['good', 'bad', 'waiting', 'waiting']);
  const linkProblem = { peer: 'a'.repeat(40), code: 'ice-failed', message: 'x.' };
  expect(tones({ isLate: true, status: { ...ALONE, linkProblem } })).toEqual(['good', 'good', 'warning', 'waiting']);
});

it('a start that failed goes on with nothing', () => {
  expect(aloneSentence({ ...FIRST, phase: 'failed', status: undefined })).toMatch(/no network here/);
  expect(stepsOf({ ...FIRST, phase: 'failed', status: undefined })).toEqual([]);
});

it('whoever was linked before has that step behind, and is not told to wait for a first link', () => {
  const [, , link] = stepsOf({ ...FIRST, wasLinked: true });
  expect(link).toMatchObject({ tone: 'waiting', text: 'A link to a peer' });
});
