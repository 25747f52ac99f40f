import { afterEach, expect, test } from 'vitest';
import { type Contact, contactFromKey } from '../../../../shared/src/ids.ts';
import { ManualClock } from '../memory/manual-clock.ts';
import type { Clock } from '../../ports/clock.ts';
import type { TabHandler } from '../../ports/tabs.ts';
import { BroadcastTabs } from './tabs.ts';

const open: BroadcastTabs[] = [];
afterEach(() => {
  for (const tabs of open.splice(0)) tabs.close();
});

function contact(seed: number): Contact {
  return contactFromKey(new Uint8Array(32).fill(seed));
}

function startTab(self: Contact, clock: Clock = new ManualClock()) {
  const tabs = new BroadcastTabs(self, clock);
  open.push(tabs);
  const letters: Uint8Array[] = [];
  let onMet = (_contact: Contact): void => {};
  const met = new Promise<Contact>((resolve) => {
    onMet = resolve;
  });
  const handler: TabHandler = { met: (found) => onMet(found), letter: (bytes) => letters.push(bytes) };
  tabs.start(handler);
  return { tabs, met, letters };
}

test('two tabs learn of each other, whichever came first', async () => {
  const first = startTab(contact(1));
  const second = startTab(contact(10));
  expect((await first.met).id).toBe(contact(10).id);
  expect((await second.met).id).toBe(contact(1).id);
});

test('a letter reaches the tab it is for and is confirmed', async () => {
  const first = startTab(contact(1));
  const second = startTab(contact(10));
  await Promise.all([first.met, second.met]);
  expect(await first.tabs.deliver(contact(10).id, new Uint8Array([7]))).toBe(true);
  expect(second.letters).toEqual([new Uint8Array([7])]);
  expect(first.letters).toEqual([]);
});

test('a letter to a peer that is no tab of ours fails at once', async () => {
  const first = startTab(contact(1));
  expect(await first.tabs.deliver(contact(10).id, new Uint8Array([7]))).toBe(false);
});

test('a letter that is ready only after this tab has left goes nowhere, and says so', async () => {
  const first = startTab(contact(1));
  await Promise.all([first.met, startTab(contact(10)).met]);
  first.tabs.close();
  expect(await first.tabs.deliver(contact(10).id, new Uint8Array([7]))).toBe(false);
});

test('a letter is taken by a tab that confirms it seconds later, when its main thread is free again', async () => {
  const clock = new ManualClock();
  const first = startTab(contact(1), clock);
  const busy = new BroadcastChannel('skein-tabs-1');
  const letter = new Promise<{ from: string; number: number }>((resolve) => {
    busy.onmessage = ({ data }) => data.kind === 'letter' && resolve(data);
  });
  busy.postMessage({ kind: 'here', contact: contact(10).publicKey, isReply: true });
  await first.met;
  const delivery = first.tabs.deliver(contact(10).id, new Uint8Array([7]));
  const { from, number } = await letter;
  await clock.advance(4_999);
  busy.postMessage({ kind: 'taken', to: from, from: contact(10).id, number });
  expect(await delivery).toBe(true);
  busy.close();
});

test('a tab that does not confirm is forgotten', async () => {
  const clock = new ManualClock();
  const first = startTab(contact(1), clock);
  const second = startTab(contact(10));
  await first.met;
  second.tabs.close();
  const delivery = first.tabs.deliver(contact(10).id, new Uint8Array([7]));
  await clock.advance(5_000);
  expect(await delivery).toBe(false);
  expect(await first.tabs.deliver(contact(10).id, new Uint8Array([7]))).toBe(false);
});

test('a tab that was reloaded is not forgotten for a letter that its page before did not confirm', async () => {
  const clock = new ManualClock();
  const first = startTab(contact(1), clock);
  const before = startTab(contact(10));
  await first.met;
  before.tabs.close();
  const delivery = first.tabs.deliver(contact(10).id, new Uint8Array([7]));
  const reloaded = startTab(contact(10));
  await reloaded.met;
  await clock.advance(5_000);
  expect(await delivery).toBe(false);
  expect(await first.tabs.deliver(contact(10).id, new Uint8Array([8]))).toBe(true);
  expect(reloaded.letters).toEqual([new Uint8Array([8])]);
});
