import { afterEach, expect, test, vi } from 'vitest';
import { takeLock } from './lock.ts';

type Granted = () => Promise<void>;

afterEach(() => {
  vi.unstubAllGlobals();
});

/** A lock manager that grants when the test says so, and, as Chromium may, forgets that a request was aborted. */
function forgetfulLocks(): { readonly granted: Granted[] } {
  const granted: Granted[] = [];
  const request = (_name: string, _options: unknown, callback: Granted): Promise<void> => {
    granted.push(callback);
    return new Promise(() => undefined);
  };
  vi.stubGlobal('navigator', { locks: { request } });
  return { granted };
}

test('a lock is held from its grant until it is released', async () => {
  const { granted } = forgetfulLocks();
  const taking = takeLock('a', 60_000);
  const holding = granted[0]!();
  const lock = await taking;
  lock?.release();
  await expect(holding).resolves.toBeUndefined();
});

test('an abort ends the wait even when the browser forgets it, and a grant that comes later is let go at once', async () => {
  const { granted } = forgetfulLocks();
  const patience = new AbortController();
  const taking = takeLock('a', 60_000, patience.signal);
  patience.abort();
  expect(await taking).toBeUndefined();
  await expect(granted[0]!()).resolves.toBeUndefined();
});

test('a wait that was over before it began does not begin', async () => {
  forgetfulLocks();
  expect(await takeLock('a', 60_000, AbortSignal.abort())).toBeUndefined();
});
