import { signal } from '@preact/signals';
import { beforeEach, expect, test, vi } from 'vitest';
import { type Call, type CallOptions, type IncomingCall, type Node, SkeinError } from '../../index.ts';
import { dropNotice, notices, pushNotice } from './notices.ts';
import { people } from './people.ts';
import {
  answerCall,
  declineCall,
  hangUp,
  isCalling,
  mediaProblem,
  placeCall,
  ringing,
  stage,
  watchCalls,
} from './calls.ts';
import { node } from './session.ts';

vi.mock('./session.ts', () => ({ node: signal() }));

beforeEach(() => {
  ringing.value = [];
  notices.value = [];
  stage.value = undefined;
  mediaProblem.value = undefined;
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
  peer = { id: 'f'.repeat(40), name: 'amber otter' },
): { readonly call: IncomingCall; readonly end: () => void } {
  let tell = (_state: string): void => undefined;
  const on = (_event: string, listener: typeof tell): void => void (tell = listener);
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

const person = { who: 'f'.repeat(40), name: 'amber otter' };
const sound = { audio: true, video: false };

/** A node whose calls end as the test says. */
function nodeThatCalls(call: (options: CallOptions) => Promise<Call>): void {
  node.value = { call: (_who: string, options: CallOptions) => call(options) } as unknown as Node;
}

test('who is called and calls at the same time rings here no more, and is not missed', async () => {
  const { call, end } = fakeCall('incoming', 'ringing');
  watchCalls(nodeWith(call).node);
  nodeThatCalls(() => Promise.resolve(call));
  await placeCall(person, sound);
  expect(ringing.value).toEqual([]);
  end();
  expect(notices.value).toEqual([]);
});

test('hanging up gives a call up that is still being placed, and answering another one does', async () => {
  const signals: (AbortSignal | undefined)[] = [];
  nodeThatCalls(({ signal: given }) => {
    signals.push(given);
    return new Promise((_, reject) => given?.addEventListener('abort', () => reject(new SkeinError('aborted', 'Oh.'))));
  });
  const placing = placeCall(person, sound);
  hangUp();
  await placing;
  expect(stage.value).toBeUndefined();
  void placeCall(person, sound);
  const { call } = fakeCall('incoming', 'ringing');
  await answerCall(Object.assign(call, { answer: () => Promise.resolve() }), sound);
  expect(signals.map((each) => each?.aborted)).toEqual([true, true]);
  expect(stage.value).toMatchObject({ kind: 'call', call });
  expect(isCalling()).toBe(true);
});

test('a call that is declined while its camera is waited for fails for nobody', async () => {
  const { call } = fakeCall('incoming', 'ringing');
  let fail = (_error: Error): void => undefined;
  const answer = (): Promise<void> => new Promise((_, reject) => (fail = reject));
  watchCalls(nodeWith(Object.assign(call, { answer, reject: () => undefined })).node);
  const answering = answerCall(call, sound);
  declineCall(call);
  fail(new SkeinError('call-ended', 'The call had ended before the camera or microphone was ready.'));
  await answering;
  expect(notices.value).toEqual([]);
});

/** Somebody made up of that number. */
function someone(number: number): { readonly id: string; readonly name: string } {
  return { id: `${number}`.padStart(40, '0'), name: `W${number}` };
}

/** They call, each for a moment. */
function callInVain(...callers: readonly { readonly id: string; readonly name: string }[]): void {
  const { node: running, tell } = nodeWith();
  watchCalls(running);
  for (const peer of callers) {
    const { call, end } = fakeCall('incoming', 'ringing', peer);
    tell(call);
    end();
  }
}

/** This side calls that person, and hangs up. */
async function meet(peer: { readonly id: string; readonly name: string }): Promise<void> {
  nodeThatCalls(() => Promise.resolve(fakeCall('outgoing', 'ended', peer).call));
  await placeCall({ who: peer.id, name: peer.name }, sound);
  stage.value = undefined;
}

const shownTitles = (): string[] => notices.value.map(({ title }) => title);

test('however many strangers call, they share one notice, which pushes out none of a friend’s call or of a failure', async () => {
  const friend = someone(100);
  await meet(friend);
  pushNotice({ key: 'open', kind: 'error', title: 'The link could not be opened', text: '' });
  callInVain(friend, ...Array.from({ length: 50 }, (_, i) => someone(i)));
  expect(shownTitles()).toEqual([
    'The link could not be opened',
    'You missed a call from W100',
    'You missed calls from W0, W1 and others',
  ]);
});

test('two strangers are named, one that calls again is named once, and with the notice they are forgotten', () => {
  callInVain(someone(1), someone(1));
  expect(notices.value).toMatchObject([{ title: 'You missed a call from W1', action: { label: 'Call back' } }]);
  callInVain(someone(2));
  expect(shownTitles()).toEqual(['You missed calls from W1 and W2']);
  for (const { key } of notices.value) dropNotice(key);
  callInVain(someone(3));
  expect(shownTitles()).toEqual(['You missed a call from W3']);
});

test('whoever only rings here is kept to be called back, in the place of nobody who was met', async () => {
  await meet(someone(200));
  callInVain(...Array.from({ length: 20 }, (_, i) => someone(300 + i)));
  expect(people.value.map(({ name }) => name)).toContain('W200');
  expect(people.value.at(-1)?.name).toMatch(/W3\d\d/);
});

test('a call that stops ringing leaves the question alone that another one asks about the camera', async () => {
  nodeThatCalls(() => Promise.reject(new SkeinError('media-missing', 'No camera.')));
  const { call, end } = fakeCall('incoming', 'ringing');
  watchCalls(nodeWith(call).node);
  await placeCall(person, sound);
  expect(mediaProblem.value).toMatchObject({ call: undefined, message: 'No camera.' });
  end();
  expect(mediaProblem.value).toBeDefined();
});
