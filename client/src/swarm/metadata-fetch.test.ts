import { beforeEach, describe, expect, test } from 'vitest';
import { hashToId } from '../../../shared/src/ids.ts';
import { BLOCK_BYTES, METADATA_PIPELINE, METADATA_TIMEOUT_MS } from '../../../shared/src/limits/swarm.ts';
import { MetadataFetch } from './metadata-fetch.ts';

const [SLOW, OTHER] = [hashToId(Uint8Array.of(1)), hashToId(Uint8Array.of(2))];
const BLOCKS = METADATA_PIPELINE + 2;
const SIZE = BLOCKS * BLOCK_BYTES;
const LATE = METADATA_TIMEOUT_MS;
const BLOCK = new Uint8Array(BLOCK_BYTES);

let fetch: MetadataFetch;

beforeEach(() => {
  fetch = new MetadataFetch();
});

/** Which blocks are asked for now, and of whom. */
const asks = (now: number): string[] =>
  fetch.next(now).map(({ peer, block }) => `${peer === SLOW ? 'slow' : 'other'} ${block}`);
const receive = (peer: typeof SLOW, block: number, now: number, bytes = BLOCK): Uint8Array | boolean =>
  fetch.receive(peer, block, SIZE, bytes, now);

describe('of a peer that sends its blocks late', () => {
  beforeEach(() => {
    fetch.addSource(SLOW, SIZE);
    expect(asks(0)).toEqual(['slow 0', 'slow 1', 'slow 2', 'slow 3']);
    receive(SLOW, 0, 1);
    expect(asks(LATE)).toEqual([]);
  });

  test('a late block is taken, and the peer is asked for the next ones at once', () => {
    expect(receive(SLOW, 1, LATE + 1)).toBe(true);
    expect(asks(LATE + 1)).toEqual(['slow 2', 'slow 3', 'slow 4', 'slow 5']);
  });

  test('what came before is kept while it rests', () => {
    expect(asks(LATE + 1)).toEqual([]);
    expect(asks(2 * LATE)).toEqual(['slow 1', 'slow 2', 'slow 3', 'slow 4']);
  });

  test('a late block of another length is refused', () => {
    expect(receive(SLOW, 1, LATE + 1, new Uint8Array(5))).toBe(false);
  });

  test('a late block that another is asked for meanwhile is not taken, nor held against it', () => {
    fetch.addSource(OTHER, SIZE);
    expect(asks(LATE)).toEqual(['other 1', 'other 2', 'other 3', 'other 4']);
    expect(receive(SLOW, 1, LATE + 1)).toBe(true);
    expect(receive(OTHER, 1, LATE + 2)).toBe(true);
    for (const block of [2, 3]) expect(receive(SLOW, block, LATE + 3)).toBe(true);
    // Those were all that it owed.
    expect(receive(SLOW, 5, LATE + 4)).toBe(false);
  });

  test('a peer that names another size does not make what came before be thrown away', () => {
    fetch.addSource(OTHER, BLOCK_BYTES);
    expect(asks(LATE)).toEqual([]);
    receive(SLOW, 1, LATE + 1);
    expect(asks(LATE + 1)).toEqual(['slow 2', 'slow 3', 'slow 4', 'slow 5']);
  });
});

test('when those that name a size are silent, another size is tried', () => {
  fetch.addSource(SLOW, SIZE);
  asks(0);
  fetch.addSource(OTHER, BLOCK_BYTES);
  expect(asks(LATE)).toEqual(['other 0']);
});

test('blocks that a peer was not asked for are refused, whether they are missing or not', () => {
  fetch.addSource(SLOW, SIZE);
  fetch.addSource(OTHER, SIZE);
  asks(0);
  for (let block = 0; block <= METADATA_PIPELINE; block++)
    expect(receive(block < METADATA_PIPELINE ? OTHER : SLOW, block, 1)).toBe(false);
});

test('a suspect that is tried alone and slow is waited for', () => {
  fetch.addSource(SLOW, SIZE);
  fetch.addSource(OTHER, SIZE);
  for (const ask of fetch.next(0)) receive(ask.peer, ask.block, 1);
  fetch.fail();
  expect(asks(1)).toEqual(['slow 0', 'slow 1', 'slow 2', 'slow 3']);
  for (const block of [0, 1]) receive(SLOW, block, LATE - 1);
  asks(LATE - 1);
  expect(asks(LATE + 1)).toEqual([]);
  for (const block of [2, 3, 4]) expect(receive(SLOW, block, LATE + 2)).toBe(true);
  expect(receive(SLOW, 5, LATE + 3)).toHaveLength(SIZE);
  expect(fetch.fail()).toBe(SLOW);
});
