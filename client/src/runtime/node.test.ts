import { afterEach, expect, test, vi } from 'vitest';
import { MAX_NAME_BYTES } from '../../../shared/src/limits/links.ts';
import { FakeStream } from './calls/test/fake-media.ts';
import { Browser } from './test/browser.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

test('a name of more bytes than peers take is cut between two characters, and links come up under what is left', async () => {
  const browser = new Browser();
  const long = await browser.open('猫'.repeat(MAX_NAME_BYTES));
  const other = await browser.open('someone');
  await browser.clock.advance(2_000);
  expect(other.links()).toMatchObject([{ id: long.id, name: '猫'.repeat(21) }]);
  expect(long.name).toBe('猫'.repeat(21));
  long.rename('x'.repeat(MAX_NAME_BYTES + 1));
  expect(long.name).toBe('x'.repeat(MAX_NAME_BYTES));
  await browser.end(Promise.all([long.leave(), other.leave()]));
});

test('who asks to leave a second time waits for the same end', async () => {
  const browser = new Browser();
  const node = await browser.open('someone');
  void node.leave();
  expect(browser.released).toEqual([]);
  await node.leave();
  expect(browser.released).toEqual([node.id]);
});

test('what is shared after the node has left is refused by the promise, as with everything else', async () => {
  const node = await new Browser().open('someone');
  await node.leave();
  const sharing = node.share([new File(['x'], 'x')]);
  await expect(sharing).rejects.toMatchObject({ code: 'left' });
});

test('a record stays as it was put, whatever becomes of the bytes that were given or read', async () => {
  const browser = new Browser();
  const node = await browser.open('someone');
  const bytes = new Uint8Array([1, 2, 3]);
  const putting = node.put('key', bytes);
  bytes.fill(9);
  await browser.end(putting);
  bytes.fill(8);
  const read = await browser.end(node.get('key'));
  expect(read).toEqual(new Uint8Array([1, 2, 3]));
  read?.fill(7);
  expect(await browser.end(node.get('key'))).toEqual(new Uint8Array([1, 2, 3]));
  await node.leave();
});

test('a message arrives as it was when it was sent, whatever becomes of its bytes', async () => {
  const browser = new Browser();
  const [sender, receiver] = [await browser.open('sender'), await browser.open('receiver')];
  await browser.clock.advance(5_000);
  const heard: unknown[] = [];
  receiver.on('message', (message) => heard.push(message));
  const bytes = new Uint8Array([1, 2, 3]);
  const sending = sender.sendTo(receiver.id, bytes);
  bytes.fill(9);
  expect(await browser.end(sending)).toBe(1);
  expect(heard).toEqual([{ from: sender.id, bytes: new Uint8Array([1, 2, 3]) }]);
  await browser.end(Promise.all([sender.leave(), receiver.leave()]));
});

test('a node that leaves hangs up, also where nobody but the network carries the word of it', async () => {
  vi.stubGlobal('MediaStream', FakeStream);
  vi.stubGlobal('RTCRtpReceiver', { getCapabilities: () => null });
  const browser = new Browser();
  const [caller, callee] = [await browser.open('caller'), await browser.open('callee')];
  await browser.clock.advance(5_000);
  browser.doTabsDeliver = false;
  const nothing = { audio: false, video: false };
  callee.on('incomingcall', (call) => void call.answer(nothing));
  const call = await browser.end(caller.call(callee.id, nothing));
  await browser.clock.advance(2_000);
  expect(call.state).toBe('established');
  const [answered] = callee.calls;
  await browser.end(caller.leave());
  await browser.clock.advance(1_000);
  expect([answered?.state, answered?.endReason]).toEqual(['ended', 'hung-up']);
  await browser.end(callee.leave());
});

test('whoever left is nobody to be called from then on, and not somebody who does not answer', async () => {
  vi.stubGlobal('MediaStream', FakeStream);
  vi.stubGlobal('RTCRtpReceiver', { getCapabilities: () => null });
  const browser = new Browser();
  const nodes = [await browser.open('caller'), await browser.open('callee'), await browser.open('keeper')] as const;
  const [caller, callee] = nodes;
  const nothing = { audio: false, video: false };
  callee.on('incomingcall', (call) => call.reject('busy'));
  await browser.clock.advance(10_000);
  const before = await browser.end(caller.call(callee.address, nothing));
  await browser.clock.advance(10_000);
  expect(before.endReason).toBe('busy');
  await browser.end(callee.leave());
  await browser.clock.advance(1_000);
  const call = await browser.end(caller.call(callee.address, nothing));
  await browser.clock.advance(60_000);
  expect([call.state, call.endReason]).toEqual(['ended', 'not-found']);
});
