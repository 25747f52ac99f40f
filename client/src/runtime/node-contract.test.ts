import { afterEach, expect, test, vi } from 'vitest';
import type { Node } from '../api.ts';
import { Browser } from './test/browser.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

const KEY = 'a key';
const BYTES = Uint8Array.of(1, 2, 3);
const MAGNET = `magnet:?xt=urn:btih:${'ab'.repeat(20)}`;

/** Something that is asked of a node. `other` is the id of somebody. */
type Question = (node: Node, other: string) => unknown;

/** Everything that may be asked of one, by its name. */
const QUESTIONS: Readonly<Record<string, Question>> = {
  lookup: (node) => node.lookup(KEY),
  put: (node) => node.put(KEY, BYTES),
  get: (node) => node.get(KEY),
  getRecord: (node) => node.getRecord(KEY),
  remove: (node) => node.remove(KEY),
  publish: (node) => node.publish(KEY),
  unpublish: (node) => node.unpublish(KEY),
  findProviders: (node) => node.findProviders(KEY),
  sendTo: (node) => node.sendTo(KEY, BYTES),
  connect: (node, other) => node.connect(other),
  share: (node) => node.share([new File(['x'], 'x')]),
  download: (node) => node.download(MAGNET),
  call: (node, other) => node.call(other, { audio: false, video: false }),
  setLimits: (node) => node.setLimits({ up: 1_000 }),
  rename: (node) => node.rename('Ada'),
};

/** What is misread without a word, as JavaScript lets it through where TypeScript does not. */
const MISREAD: Readonly<Record<string, Question>> = {
  'a mode of lookup that there is not': (node) => node.lookup(KEY, { mode: wrong('itrative') }),
  'no way of a lookup': (node) => node.lookup(KEY, { disjoint: 0 }),
  'a record that is a text': (node) => node.put(KEY, wrong('text')),
  'a record that is a buffer': (node) => node.put(KEY, wrong(new ArrayBuffer(4))),
  'a life that is no number': (node) => node.put(KEY, BYTES, { ttlMs: Number.NaN }),
  'a message that is a text': (node) => node.sendTo(KEY, wrong('text')),
  'a message that is a buffer': (node) => node.sendTo(KEY, wrong(new ArrayBuffer(4))),
  'so many receivers that it is no number': (node) => node.sendTo(KEY, BYTES, { replicas: Number.NaN }),
  'a limit that is a text': (node) => node.setLimits({ up: wrong('1000') }),
};

function wrong<T>(value: unknown): T {
  return value as T;
}

/** The code with which each of them ends, by its name; `none` when it does not reject or throw. */
async function codesOf(questions: Readonly<Record<string, Question>>, node: Node, other: string): Promise<unknown> {
  const ends = Object.entries(questions).map(async ([name, ask]) => {
    try {
      await ask(node, other);
      return [name, 'none'];
    } catch (error) {
      return [name, (error as { readonly code?: string }).code];
    }
  });
  return Object.fromEntries(await Promise.all(ends)) as unknown;
}

/** The same code for each of them. */
function all(questions: Readonly<Record<string, Question>>, code: string): unknown {
  return Object.fromEntries(Object.keys(questions).map((name) => [name, code]));
}

/** Two nodes that are linked. */
async function openPair(names: readonly [string, string] = ['someone', 'other']): Promise<[Browser, Node, Node]> {
  const browser = new Browser();
  const [node, other] = [await browser.open(names[0]), await browser.open(names[1])];
  await browser.clock.advance(2_000);
  return [browser, node, other];
}

test('whatever is asked of a node that has left ends with `left`', async () => {
  const [browser, node, other] = await openPair();
  await browser.end(node.leave());
  expect(await codesOf(QUESTIONS, node, other.id)).toEqual(all(QUESTIONS, 'left'));
  await browser.end(other.leave());
});

test('whatever is under way when a node leaves has ended once it has left', async () => {
  const [browser, node, other] = await openPair();
  const { download: _download, call: _call, ...questions } = QUESTIONS;
  const codes = codesOf(questions, node, other.id);
  await browser.end(node.leave());
  // No worker has hashed what is shared.
  expect(await codes).toMatchObject({ share: 'left' });
  await browser.end(other.leave());
});

test('a node that has left leaves no timer behind', async () => {
  const [browser, node, other] = await openPair();
  node.download(MAGNET);
  void node.sendTo(other.id, BYTES);
  await browser.clock.advance(5_000);
  await browser.end(Promise.all([node.leave(), other.leave()]));
  expect(browser.clock.timerCount).toBe(0);
});

test('status and lists of a node that has left say that nothing is there any more', async () => {
  const [browser, node, other] = await openPair();
  expect(node.status).toMatchObject({ joined: true, links: 1 });
  const told: string[] = [];
  node.on('unlink', ({ id }) => told.push(id));
  node.on('status', ({ links }) => told.push(`${links} links`));
  await browser.end(node.leave());
  expect(node.status).toMatchObject({ joined: false, links: 0, server: 'lost' });
  expect(node.links()).toEqual([]);
  expect(told).toContain(other.id);
  expect(told.at(-1)).toBe('0 links');
  await browser.end(other.leave());
});

test('a lookup is aborted before, during and after, and only the first two reject', async () => {
  const [browser, node, other] = await openPair();
  const traces: string[] = [];
  node.on('lookup', ({ state }) => traces.push(state));
  await expect(node.lookup(KEY, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
  expect(traces).toEqual([]);
  const during = new AbortController();
  const looking = node.lookup(KEY, { signal: during.signal });
  during.abort();
  await expect(looking).rejects.toMatchObject({ code: 'aborted' });
  expect(traces).toEqual(['running', 'failed']);
  const after = new AbortController();
  const found = await browser.end(node.lookup(KEY, { signal: after.signal }));
  after.abort();
  expect(found.closest.toSorted()).toEqual([node.id, other.id].toSorted());
  await browser.end(Promise.all([node.leave(), other.leave()]));
});

test('what would be misread is refused as `bad-argument`, and nothing of it reaches anybody', async () => {
  const [browser, node, other] = await openPair();
  const heard: unknown[] = [];
  other.on('message', (message) => heard.push(message));
  node.on('lookup', (trace) => heard.push(trace));
  const codes = codesOf(MISREAD, node, other.id);
  await browser.clock.advance(5_000);
  expect(await codes).toEqual(all(MISREAD, 'bad-argument'));
  expect(heard).toEqual([]);
  await browser.end(Promise.all([node.leave(), other.leave()]));
});

test('nobody is sent what a node sends to itself', async () => {
  const [browser, node, other] = await openPair();
  const heard: unknown[] = [];
  for (const each of [node, other]) each.on('message', (message) => heard.push(message));
  expect(await browser.end(node.sendTo(node.id, BYTES))).toBe(0);
  expect(heard).toEqual([]);
  await browser.end(Promise.all([node.leave(), other.leave()]));
});

test('a limit without end is none', async () => {
  const browser = new Browser();
  const node = await browser.open('someone');
  node.setLimits({ up: Infinity, down: 1_000 });
  expect(node.limits).toEqual({ up: undefined, down: 1_000 });
  await browser.end(node.leave());
});

test('a node without a name is linked all the same, and has an address', async () => {
  const [browser, node, other] = await openPair(['', 'other']);
  expect(other.links()).toMatchObject([{ id: node.id }]);
  expect(node.address).toMatch(/^peer\.[a-z2-7]{32}$/);
  await browser.end(Promise.all([node.leave(), other.leave()]));
});
