import { expect, it } from 'vitest';
import { canLoadTab } from './new-tab.ts';
import { ALONE } from './test/status.ts';

const FIRST = { phase: 'joined', status: ALONE, isOffline: false } as const;

it('a new tab is offered while the server can give it the page, and before anything is known of it', () => {
  expect(canLoadTab(FIRST)).toBe(true);
  expect(canLoadTab({ ...FIRST, status: { ...ALONE, server: 'connecting' } })).toBe(true);
  expect(canLoadTab({ ...FIRST, phase: 'joining', status: undefined })).toBe(true);
});

it('no new tab is offered where it would stay empty: without the server, without a network, after a start that failed', () => {
  expect(canLoadTab({ ...FIRST, status: { ...ALONE, server: 'lost' } })).toBe(false);
  expect(canLoadTab({ ...FIRST, isOffline: true })).toBe(false);
  expect(canLoadTab({ ...FIRST, phase: 'failed', status: undefined })).toBe(false);
});
