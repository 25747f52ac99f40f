import { beforeEach, expect, test } from 'vitest';
import { MAX_DESCRIPTION_REPEATS } from '../../../../shared/src/limits/links.ts';
import { encodeSignal } from './signal-codec.ts';
import { LinkLab } from './test/lab.ts';

let lab: LinkLab;

beforeEach(() => {
  lab = new LinkLab();
});

test('an offer that was lost while there was no network is sent once more when there is one again', async () => {
  const [a, b] = lab.pairByOrder();
  a.carry = () => false;
  a.isCarrierSure = true;
  const opening = a.open(b);
  await lab.clock.advance(3_000);
  a.carry = () => true;
  a.links.forgive();
  await lab.clock.advance(500);
  expect(await opening).toBe(a.linkTo(b));
  expect([a.events, a.made.length]).toEqual([['up higher direct'], 1]);
});

test('an answer that was lost while there was no network is sent once more when the offer comes again', async () => {
  const [a, b] = lab.pairByOrder();
  b.carry = () => false;
  b.isCarrierSure = true;
  const opening = a.open(b);
  await lab.clock.advance(2_000);
  b.carry = () => true;
  a.links.forgive();
  await lab.clock.advance(500);
  expect(await opening).toBe(a.linkTo(b));
  expect([a.events, b.events, a.made.length, b.made.length]).toEqual([['up higher direct'], ['up lower direct'], 1, 1]);
  // In answer to the letter in which the offer came again: nobody waits for an answer to the first any more.
  expect(b.inAnswerTo).toEqual(['letter 1 of lower', 'letter 2 of lower']);
});

test('an answer that was lost while the one who answers had no network is sent once more when that has one again', async () => {
  const [a, b] = lab.pairByOrder();
  b.carry = () => false;
  const opening = a.open(b);
  await lab.clock.advance(2_000);
  b.carry = () => true;
  b.links.forgive();
  await lab.clock.advance(500);
  expect(await opening).toBe(a.linkTo(b));
  expect([a.made.length, b.made.length]).toEqual([1, 1]);
});

test('an offer that has arrived is waited for although sending it again reaches nobody: the other side is not back yet', async () => {
  const [a, b] = lab.pairByOrder();
  b.carry = () => false;
  const opening = a.open(b);
  await lab.clock.advance(2_000);
  a.carry = () => false;
  a.links.forgive();
  await lab.clock.advance(500);
  expect(a.events).toEqual([]);
  b.carry = () => true;
  b.links.forgive();
  await lab.clock.advance(500);
  expect(await opening).toBe(a.linkTo(b));
});

test('an offer of which no copy arrives fails as soon as that is known', async () => {
  const [a, b] = lab.pairByOrder();
  let settleFirst: (isDelivered: boolean) => void = () => undefined;
  a.carry = () => false;
  a.isCarrierSure = new Promise((resolve) => (settleFirst = resolve));
  const opening = a.open(b);
  await lab.clock.advance(1_000);
  a.isCarrierSure = false;
  a.links.forgive();
  await lab.clock.advance(100);
  expect(a.events).toEqual([]);
  settleFirst(false);
  expect(await opening).toMatchObject({ code: 'unreachable' });
});

test('an answer is repeated a few times at most, however often the offer comes again', async () => {
  const [a, b] = lab.pairByOrder();
  b.carry = () => false;
  for (let i = 0; i < 2 * MAX_DESCRIPTION_REPEATS; i++) {
    const offer = encodeSignal({
      kind: 'offer',
      attempt: '00'.repeat(8),
      purposes: ['overlay'],
      isSpare: false,
      sdp: 'memory 0',
    });
    b.links.receiveSignal(await a.mail.seal(b.contact, 'signal', offer, 15_000));
    await lab.clock.advance(50);
  }
  expect([b.made.length, b.inAnswerTo.length]).toEqual([1, 1 + MAX_DESCRIPTION_REPEATS]);
});
