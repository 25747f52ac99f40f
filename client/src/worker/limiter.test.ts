import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hashToId } from '../../../shared/src/ids.ts';
import type { InfoHash } from '../swarm/types.ts';
import { type LimitedTorrent, Limiter } from './limiter.ts';
import type { RateLimits } from './protocol.ts';

const MB = 1_000_000;
const [first, second] = [hashToId(new Uint8Array([1])), hashToId(new Uint8Array([2]))];

class FakeTorrent implements LimitedTorrent {
  down = 0;
  limits: RateLimits | undefined;

  rates(): { readonly down: number; readonly up: number } {
    return { down: this.down, up: 0 };
  }

  setLimits(limits: RateLimits): void {
    this.limits = limits;
  }
}

function setUp(): { readonly torrents: Map<InfoHash, FakeTorrent>; readonly limiter: Limiter } {
  const torrents = new Map([
    [first, new FakeTorrent()],
    [second, new FakeTorrent()],
  ]);
  return { torrents, limiter: new Limiter(() => torrents) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('without a common limit each torrent has its own, or none', () => {
  const { torrents, limiter } = setUp();
  limiter.setLimits(first, { down: MB });
  expect(torrents.get(first)?.limits).toEqual({ down: MB, up: undefined });
  expect(torrents.get(second)?.limits).toEqual({ down: undefined, up: undefined });
  expect(vi.getTimerCount()).toBe(0);
});

test('a common limit follows the torrent that uses it, and is given back when it is lifted', () => {
  const { torrents, limiter } = setUp();
  limiter.setLimits(undefined, { down: 2 * MB });
  expect(torrents.get(first)?.limits?.down).toBe(MB);
  (torrents.get(second) as FakeTorrent).down = MB;
  vi.advanceTimersByTime(1_000);
  expect(torrents.get(second)?.limits?.down).toBeGreaterThan(1.5 * MB);
  limiter.setLimits(undefined, {});
  expect(torrents.get(second)?.limits?.down).toBeUndefined();
  expect(vi.getTimerCount()).toBe(0);
});

test('a limit of one torrent holds below the common one', () => {
  const { torrents, limiter } = setUp();
  limiter.setLimits(undefined, { down: 2 * MB });
  limiter.setLimits(first, { down: 1_000 });
  expect(torrents.get(first)?.limits?.down).toBe(1_000);
  expect(torrents.get(second)?.limits?.down).toBeGreaterThan(1.9 * MB);
});
