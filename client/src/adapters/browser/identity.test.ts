import { afterEach, expect, test, vi } from 'vitest';
import { seededRng } from '../../../../shared/src/machine.ts';
import type { KeyValueStore } from '../../ports/key-value.ts';
import { MemoryStore } from '../memory/memory-store.ts';
import { type IdentityParts, loadIdentity } from './identity.ts';
import { NAME_COUNT, makeName } from './names.ts';

/** One browser profile: a store and locks that all its tabs share. Each tab has a session store of its own. */
class Profile {
  readonly store = new MemoryStore();
  readonly #waiting: (() => void)[] = [];
  #isHeld = false;

  tab(session = new Session()): IdentityParts {
    return { storage: 'persistent', store: this.store, locks: { request: this.#request }, session };
  }

  readonly #request = (async (_name: string, options: LockOptions, use: (lock: Lock | null) => unknown) => {
    if (this.#isHeld && options.ifAvailable) return use(null);
    if (this.#isHeld) await this.#wait(options.signal);
    this.#isHeld = true;
    await use({ name: 'lock', mode: 'exclusive' });
    this.#isHeld = false;
    this.#waiting.shift()?.();
    return undefined;
  }) as LockManager['request'];

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve);
      signal?.addEventListener('abort', () => {
        this.#waiting.splice(this.#waiting.indexOf(resolve), 1);
        reject(new Error('aborted'));
      });
    });
  }
}

class Session {
  readonly #values = new Map<string, string>();
  getItem = (key: string): string | null => this.#values.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.#values.set(key, value);
  removeItem = (key: string): void => void this.#values.delete(key);
}

afterEach(() => vi.unstubAllGlobals());

test('the first tab owns the saved identity, and a further tab is a peer of its own', async () => {
  const profile = new Profile();
  const first = await loadIdentity(profile.tab());
  const second = await loadIdentity(profile.tab());
  expect([first.isSaved, second.isSaved]).toEqual([true, false]);
  expect(second.crypto.self.id).not.toBe(first.crypto.self.id);
});

test('the saved identity comes back after the tab is gone, with its name', async () => {
  const profile = new Profile();
  const first = await loadIdentity(profile.tab());
  first.release();
  await vi.waitFor(async () => {
    const later = await loadIdentity(profile.tab());
    expect([later.crypto.self.id, later.name, later.isSaved]).toEqual([first.crypto.self.id, first.name, true]);
  });
});

test('a reloaded tab waits for the lock of its former page', async () => {
  const profile = new Profile();
  const session = new Session();
  const before = await loadIdentity(profile.tab(session));
  const reloading = loadIdentity(profile.tab(session));
  before.release();
  const after = await reloading;
  expect([after.crypto.self.id, after.isSaved]).toEqual([before.crypto.self.id, true]);
});

test('a second node of one page does not keep the first from its identity after a reload', async () => {
  const profile = new Profile();
  const session = new Session();
  const first = await loadIdentity(profile.tab(session));
  const second = await loadIdentity(profile.tab(session));
  expect(second.isSaved).toBe(false);
  const reloading = loadIdentity(profile.tab(session));
  first.release();
  const after = await reloading;
  expect([after.crypto.self.id, after.isSaved]).toEqual([first.crypto.self.id, true]);
});

test('a copy of a tab, which has its notes, too, does not wait for the identity once it was told that it is another’s', async () => {
  const profile = new Profile();
  const [session, copy] = [new Session(), new Session()];
  await loadIdentity(profile.tab(session));
  copy.setItem('skein owns the identity', 'yes');
  await loadIdentity(profile.tab(copy));
  expect(copy.getItem('skein owns the identity')).toBeNull();
});

test('a new name is kept with the saved identity, and a name that is too long is not', async () => {
  const profile = new Profile();
  const first = await loadIdentity(profile.tab());
  await first.saveName('Ada');
  await first.saveName('x'.repeat(65));
  await first.saveName('');
  expect(await profile.store.get('identity')).toMatchObject({ name: 'Ada' });
});

test('what another version left in the store is replaced by a fresh identity', async () => {
  for (const junk of [
    7,
    null,
    { kind: 'web', name: 'x' },
    { kind: 'web', name: 'x', publicKey: new Uint8Array(32), sign: {}, unseal: {} },
    { kind: 'portable', name: 'x', seed: new Uint8Array(3) },
  ]) {
    const profile = new Profile();
    await profile.store.set('identity', junk);
    const identity = await loadIdentity(profile.tab());
    expect(identity.isSaved).toBe(true);
    expect(await profile.store.get('identity')).toMatchObject({ name: identity.name });
  }
});

test('a name that a person chose outlives keys that this version cannot use', async () => {
  const profile = new Profile();
  await profile.store.set('identity', { kind: 'web', name: 'Ada', sign: {}, seal: {} });
  expect((await loadIdentity(profile.tab())).name).toBe('Ada');
});

test('without locks, without storage or when asked for it, the identity lives in memory', async () => {
  const forbidden = async (): Promise<never> => Promise.reject(new Error('forbidden'));
  const broken: KeyValueStore = { get: forbidden, set: forbidden, remove: forbidden, keys: forbidden };
  const profile = new Profile();
  const cases: IdentityParts[] = [
    { ...profile.tab(), locks: undefined },
    { ...profile.tab(), storage: 'memory' },
    { ...profile.tab(), store: broken },
  ];
  for (const parts of cases) expect((await loadIdentity(parts)).isSaved).toBe(false);
  expect(await profile.store.keys()).toEqual([]);
});

test('a tab whose small store is full has the saved identity all the same', async () => {
  const session = new Session();
  session.setItem = () => {
    throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
  };
  expect((await loadIdentity(new Profile().tab(session))).isSaved).toBe(true);
});

test('a page without crypto.subtle gets keys in plain JavaScript that sign and seal', async () => {
  const getRandomValues = globalThis.crypto.getRandomValues.bind(globalThis.crypto);
  vi.stubGlobal('crypto', { getRandomValues });
  const { crypto } = await loadIdentity({ storage: 'memory' });
  expect(crypto.constructor.name).toBe('PortableCrypto');
  const message = Uint8Array.of(1, 2, 3);
  expect(await crypto.verify(crypto.self.publicKey, message, await crypto.sign(message))).toBe(true);
  expect(await crypto.unseal(await crypto.seal(crypto.self.publicKey, message, message), message)).toEqual(message);
});

test('made-up names are two plain words, many, and never the taken one', () => {
  const rng = seededRng(1);
  expect(NAME_COUNT).toBe(64 * 64);
  const names = Array.from({ length: 2000 }, () => makeName(rng, 'amber otter'));
  for (const name of names) expect(name).toMatch(/^[a-z]+ [a-z]+$/);
  expect(names).not.toContain('amber otter');
  expect(new Set(names).size).toBeGreaterThan(1000);
});
