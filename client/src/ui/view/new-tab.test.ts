import { expect, it } from 'vitest';
import type { NodeStatus } from '../../api.ts';
import { canLoadTab } from './new-tab.ts';

const STATUS: NodeStatus = {
  server: 'connected',
  joined: false,
  links: 0,
  relayed: 0,
  known: 0,
  networkSize: 1,
  secure: true,
  storage: 'persistent',
};

const FIRST = { phase: 'joined', status: STATUS, isOffline: false } as const;

it('a new tab is offered while the server can give it the page, and before anything is known of it', () => {
  expect(canLoadTab(FIRST)).toBe(true);
  expect(canLoadTab({ ...FIRST, status: { ...STATUS, server: 'connecting' } })).toBe(true);
  expect(canLoadTab({ ...FIRST, phase: 'joining', status: undefined })).toBe(true);
});

it('no new tab is offered where it would stay empty: without the server, without a network, after a start that failed', () => {
  expect(canLoadTab({ ...FIRST, status: { ...STATUS, server: 'lost' } })).toBe(false);
  expect(canLoadTab({ ...FIRST, isOffline: true })).toBe(false);
  expect(canLoadTab({ ...FIRST, phase: 'failed', status: undefined })).toBe(false);
});
