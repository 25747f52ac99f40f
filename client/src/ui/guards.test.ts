import { afterEach, expect, it, vi } from 'vitest';
import { guardErrors } from './guards.ts';
import { notices } from './state/notices.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  notices.value = [];
});

/** What makes the page notice an error that nobody caught. */
function guarded(): (error: unknown) => void {
  const listeners = new Map<string, (event: object) => void>();
  vi.stubGlobal('addEventListener', (type: string, listener: (event: object) => void) => listeners.set(type, listener));
  guardErrors();
  return (error) => listeners.get('error')?.({ error, message: String(error) });
}

it('an error that comes again and again is shown once: each showing brings the page to its top', () => {
  const fail = guarded();
  fail(new Error('It broke.'));
  const shown = notices.value;
  expect(shown.map(({ kind }) => kind)).toEqual(['error']);
  fail(new Error('It broke.'));
  expect(notices.value).toBe(shown);
});
