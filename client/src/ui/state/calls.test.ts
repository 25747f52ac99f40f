import { signal } from '@preact/signals';
import { beforeEach, expect, test, vi } from 'vitest';
import type { IncomingCall, Node } from '../../index.ts';
import { notices } from './notices.ts';
import { ringing, watchCalls } from './calls.ts';

vi.mock('./session.ts', () => ({ node: signal() }));

beforeEach(() => {
  ringing.value = [];
  notices.value = [];
});

/** A node that has these calls, and what makes it tell of one. */
function nodeWith(...calls: IncomingCall[]): { readonly node: Node; readonly tell: (call: IncomingCall) => void } {
  let tell = (_call: IncomingCall): void => undefined;
  const on = (_event: string, listener: typeof tell): void => void (tell = listener);
  return { node: { calls, on } as unknown as Node, tell: (call) => tell(call) };
}

/** A call as far as the page looks at it, and what ends it. */
function fakeCall(
  direction: 'incoming' | 'outgoing',
  state: 'ringing' | 'ended',
): { readonly call: IncomingCall; readonly end: () => void } {
  let tell = (_state: string): void => undefined;
  const on = (_event: string, listener: typeof tell): void => void (tell = listener);
  const peer = { id: 'f'.repeat(40), name: 'amber otter' };
  const call = { direction, state, peer, on, offered: { audio: true, video: false } };
  return { call: call as unknown as IncomingCall, end: () => tell('ended') };
}

test('a call that rang before the page watched is shown, and missed when it ends', () => {
  const { call, end } = fakeCall('incoming', 'ringing');
  watchCalls(nodeWith(call).node);
  expect(ringing.value).toEqual([call]);
  end();
  expect(ringing.value).toEqual([]);
  expect(notices.value.map(({ title }) => title)).toEqual(['You missed a call from amber otter']);
});

test('a call that is there already and is told of once more is shown once', () => {
  const { call } = fakeCall('incoming', 'ringing');
  const { node, tell } = nodeWith(call);
  watchCalls(node);
  tell(call);
  expect(ringing.value).toEqual([call]);
});

test('calls of our own, and calls that are over, do not ring', () => {
  watchCalls(nodeWith(fakeCall('outgoing', 'ringing').call, fakeCall('incoming', 'ended').call).node);
  expect(ringing.value).toEqual([]);
});
