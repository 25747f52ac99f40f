import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type JoinOptions, type Node, join } from './index.ts';
import { FakeWorker } from './runtime/swarm/test/fake-worker.ts';

/** Checks what it is given as browsers do, and counts those that were not closed. */
class FakeConnection {
  static made = 0;

  constructor({ iceServers = [], iceTransportPolicy = 'all' }: RTCConfiguration = {}) {
    if (!['all', 'relay'].includes(iceTransportPolicy)) throw new TypeError(`${iceTransportPolicy} is no policy`);
    for (const { urls } of iceServers) {
      for (const url of [urls].flat()) if (!/^(stun|turn)s?:/.test(url)) throw new SyntaxError(`${url} is no URL`);
    }
    FakeConnection.made++;
  }

  close(): void {
    FakeConnection.made--;
  }
}

let page: EventTarget;
let workers: FakeWorker[];

beforeEach(() => {
  page = new EventTarget();
  workers = [];
  FakeConnection.made = 0;
  vi.stubGlobal('RTCPeerConnection', FakeConnection);
  vi.stubGlobal('location', { origin: 'https://app.example' });
  vi.stubGlobal('document', Object.assign(new EventTarget(), { baseURI: 'https://app.example/', hidden: false }));
  vi.stubGlobal('matchMedia', () => ({ matches: false }));
  vi.stubGlobal('isSecureContext', true);
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
  vi.stubGlobal(
    'Worker',
    class extends FakeWorker {
      constructor() {
        super();
        workers.push(this);
      }
    },
  );
});

afterEach(async () => {
  // What wakes the page comes with the worker, and looks at its document.
  await vi.dynamicImportSettled();
  vi.unstubAllGlobals();
});

/** Values that JavaScript lets through where TypeScript would not. */
function wrong<T>(value: unknown): T {
  return value as T;
}

/** A node of a page that no server serves. */
function joinAlone(options: JoinOptions = {}): Promise<Node> {
  return join({ signaling: false, storage: 'memory', ...options });
}

/** How many listeners the node has left on its page. */
function listenerCount(): number {
  return ['online', 'pagehide'].reduce((sum, name) => sum + getEventListeners(page, name).length, 0);
}

test('without WebRTC joining is refused with its code', async () => {
  vi.stubGlobal('RTCPeerConnection', undefined);
  await expect(join()).rejects.toMatchObject({ code: 'no-webrtc' });
});

test.each<[keyof JoinOptions, unknown]>([
  ['signaling', 'skein.example'],
  ['signaling', ''],
  ['signaling', '/'],
  ['signaling', 'https://'],
  ['signaling', 'localhost:8080'],
  ['signaling', 'wss://skein.example'],
  ['signaling', 'file:///index.html'],
  ['signaling', true],
  ['name', 7],
  ['iceServers', { urls: 'stun:stun.example' }],
  ['iceServers', [{ urls: 'stun.example' }]],
  ['iceTransportPolicy', 'relais'],
  ['storage', 'disk'],
  ['links', Number.NaN],
  ['links', 'many'],
  ['mediaWorker', 'https://'],
  ['signal', new AbortController()],
])(
  '%s that is %j is refused as `bad-argument` that names the option, before anything is claimed',
  async (name, value) => {
    const request = vi.fn<() => void>();
    vi.stubGlobal('navigator', { locks: { request } });
    const joining = join({ signaling: false, [name]: value });
    await expect(joining).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining(name) as string,
    });
    expect(request).not.toHaveBeenCalled();
    expect(FakeConnection.made).toBe(0);
    expect(listenerCount()).toBe(0);
  },
);

test('with all options as they should be a node joins under its name', async () => {
  const node = await joinAlone({
    name: 'Ada',
    iceServers: [{ urls: ['stun:stun.example', 'turns:turn.example'], username: 'a', credential: 'b' }],
    iceTransportPolicy: 'relay',
    links: 1_000,
    mediaWorker: '/media-worker.js',
  });
  expect(node.name).toBe('Ada');
  expect(FakeConnection.made).toBe(0);
  await node.leave();
});

test('a node that has left leaves no listener on its page, nor on the signal of its join', async () => {
  const { signal } = new AbortController();
  for (let turn = 0; turn < 3; turn++) {
    const node = await joinAlone({ signal });
    expect([listenerCount(), getEventListeners(signal, 'abort').length]).toEqual([2, 1]);
    await node.leave();
    expect([listenerCount(), getEventListeners(signal, 'abort').length]).toEqual([0, 0]);
  }
  expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true, true, true]);
});

test('a join that is aborted before it begins claims nothing', async () => {
  await expect(joinAlone({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
  expect(listenerCount()).toBe(0);
});

test('a join that is aborted on its way rejects once it has left, so that the page may join again', async () => {
  const abort = new AbortController();
  vi.stubGlobal('addEventListener', (name: string, ...rest: [() => void, AddEventListenerOptions]) => {
    page.addEventListener(name, ...rest);
    queueMicrotask(() => abort.abort());
  });
  const joining = joinAlone({ signal: abort.signal });
  await expect(joining).rejects.toMatchObject({ code: 'aborted' });
  expect(listenerCount()).toBe(0);
  expect(workers.filter(({ isTerminated }) => !isTerminated)).toEqual([]);
});

test('aborting the signal of a node that was given out has it leave', async () => {
  const abort = new AbortController();
  const node = await joinAlone({ signal: abort.signal });
  abort.abort();
  await node.leave();
  await expect(node.lookup('x')).rejects.toMatchObject({ code: 'left' });
  expect(listenerCount()).toBe(0);
});

test('a page that is being closed says goodbye, and one that the Back button may bring back does not', async () => {
  const node = await joinAlone();
  const hide = (persisted: boolean): void => {
    page.dispatchEvent(Object.assign(new Event('pagehide'), { persisted }));
  };
  hide(true);
  await node.publish('x');
  hide(false);
  await expect(node.publish('x')).rejects.toMatchObject({ code: 'left' });
  await node.leave();
});

test('what was joined wrong may be joined right', async () => {
  await expect(joinAlone({ storage: wrong('disk') })).rejects.toMatchObject({ code: 'bad-argument' });
  const node = await joinAlone();
  await node.leave();
});
