import { beforeEach, describe, expect, test } from 'vitest';
import { hashToId } from '../../../shared/src/ids.ts';
import { BLOCK_BYTES, MAX_INFO_BYTES } from '../../../shared/src/limits/metainfo.ts';
import {
  MAX_METADATA_TRIALS,
  METADATA_PIPELINE,
  METADATA_SILENCE_MS,
  METADATA_TIMEOUT_MS,
} from '../../../shared/src/limits/swarm.ts';
import { MetadataFetch } from './metadata-fetch.ts';
import type { PeerKey } from './peer-key.ts';

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
const receive = (peer: PeerKey, block: number, now: number, bytes = BLOCK): Uint8Array | boolean =>
  fetch.receive(peer, block, SIZE, bytes, now);

describe('of a peer that sends its blocks late', () => {
  beforeEach(() => {
    fetch.addSource(SLOW, SIZE);
    expect(asks(0)).toEqual(['slow 0', 'slow 1', 'slow 2', 'slow 3']);
    receive(SLOW, 0, 1);
    expect(asks(LATE)).toEqual([]);
  });

  test('a late block is taken, and the peer is asked for the next ones at once, not again for what it owes', () => {
    expect(receive(SLOW, 1, LATE + 1)).toBe(true);
    expect(asks(LATE + 1)).toEqual(['slow 4', 'slow 5']);
  });

  test('what came before is kept while it rests', () => {
    expect(asks(LATE + 1)).toEqual([]);
    expect(asks(2 * LATE)).toEqual(['slow 4']);
  });

  test('a late block of another length is refused', () => {
    expect(receive(SLOW, 1, LATE + 1, new Uint8Array(5))).toBe(false);
  });

  test('a late block that another is asked for meanwhile is taken, and neither copy is held against who sent it', () => {
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
    expect(asks(LATE)).toEqual(['slow 4', 'other 0']);
    receive(SLOW, 1, LATE + 1);
    expect(asks(LATE + 1)).toEqual(['slow 5']);
  });
});

test('when those that name a size are silent, another size is tried', () => {
  fetch.addSource(SLOW, SIZE);
  asks(0);
  fetch.addSource(OTHER, BLOCK_BYTES);
  expect(asks(LATE)).toEqual(['other 0']);
});

test('a size of which nothing came goes with who named it', () => {
  fetch.addSource(SLOW, SIZE);
  asks(0);
  fetch.removeSource(SLOW);
  fetch.addSource(OTHER, BLOCK_BYTES);
  expect(asks(1)).toEqual(['other 0']);
  expect(fetch.receive(OTHER, 0, BLOCK_BYTES, BLOCK, 2)).toHaveLength(BLOCK_BYTES);
});

test('blocks that a peer was not asked for are refused, whether they are missing or not', () => {
  fetch.addSource(SLOW, SIZE);
  fetch.addSource(OTHER, SIZE);
  asks(0);
  for (let block = 0; block <= METADATA_PIPELINE; block++)
    expect(receive(block < METADATA_PIPELINE ? OTHER : SLOW, block, 1)).toBe(false);
});

test('when what they sent together is wrong, each is asked alone for what it has not sent, and waited for', () => {
  fetch.addSource(SLOW, SIZE);
  fetch.addSource(OTHER, SIZE);
  for (const ask of fetch.next(0)) receive(ask.peer, ask.block, 1);
  expect(fetch.fail()).toEqual({ liar: undefined, next: undefined });
  expect(asks(1)).toEqual(['slow 4', 'slow 5', 'other 0', 'other 1', 'other 2', 'other 3']);
  expect(receive(SLOW, 4, LATE + 2)).toBe(true);
  expect(asks(LATE + 2)).toEqual([]);
  expect(receive(SLOW, 5, LATE + 3)).toHaveLength(SIZE);
  expect(fetch.fail()).toEqual({ liar: SLOW, next: undefined });
});

test('what another sent alone is checked as soon as the verdict on the first is there', () => {
  fetch.addSource(SLOW, SIZE);
  fetch.addSource(OTHER, SIZE);
  for (const ask of fetch.next(0)) receive(ask.peer, ask.block, 1);
  fetch.fail();
  const [first, ...rest] = [1, 2].flatMap((now) => {
    const asked = fetch.next(now);
    return asked.map(({ peer, block }) => receive(peer, block, now)).filter((each) => each instanceof Uint8Array);
  });
  expect(first).toHaveLength(SIZE);
  expect(rest).toEqual([]);
  expect(fetch.fail()).toMatchObject({ liar: SLOW, next: first });
  expect(fetch.fail()).toEqual({ liar: OTHER, next: undefined });
});

test('those that have sent everything are tried until the verdict: no others are asked for as much beside them', () => {
  const peers: PeerKey[] = Array.from({ length: 2 * MAX_METADATA_TRIALS }, (_, at) => hashToId(Uint8Array.of(at, 9)));
  for (const [at, peer] of peers.entries()) fetch.addSource(peer, BLOCK_BYTES - at);
  const lieAt = (now: number): PeerKey[] =>
    fetch.next(now).map(({ peer, block }) => {
      const length = BLOCK_BYTES - peers.indexOf(peer);
      fetch.receive(peer, block, length, new Uint8Array(length), now);
      return peer;
    });
  expect(lieAt(0)).toEqual(peers.slice(0, MAX_METADATA_TRIALS));
  expect(lieAt(METADATA_SILENCE_MS)).toEqual([]);
  expect(fetch.fail()).toMatchObject({ liar: peers[0], next: new Uint8Array(BLOCK_BYTES - 1) });
  expect(lieAt(METADATA_SILENCE_MS + 1)).toEqual([peers[MAX_METADATA_TRIALS]]);
});

test('of many that wait to be tried alone, what the largest has sent is forgotten first', () => {
  const peers: PeerKey[] = Array.from({ length: MAX_METADATA_TRIALS + 4 }, (_, at) => hashToId(Uint8Array.of(at, 9)));
  // Different sizes: all are tried alone.
  for (const [at, peer] of peers.entries()) fetch.addSource(peer, MAX_INFO_BYTES - at);
  const kept = new Map<PeerKey, Set<number>>(peers.map((peer) => [peer, new Set()]));
  const again = new Set<PeerKey>();
  for (let now = 0; now < 20 * METADATA_SILENCE_MS; now += METADATA_SILENCE_MS / 100)
    for (const { peer, block } of fetch.next(now)) {
      const size = MAX_INFO_BYTES - peers.indexOf(peer);
      const length = Math.min(BLOCK_BYTES, size - block * BLOCK_BYTES);
      if (kept.get(peer)?.has(block)) again.add(peer);
      // The last one sends little at a time, and none is ever complete.
      const isSent = block > 0 && (peer !== peers.at(-1) || now % (METADATA_SILENCE_MS / 4) === 0);
      if (isSent && fetch.receive(peer, block, size, new Uint8Array(length), now) === true) kept.get(peer)?.add(block);
    }
  expect(again.size).toBeGreaterThan(0);
  expect(again).not.toContain(peers.at(-1));
});

describe('of a peer whose link breaks and comes back', () => {
  /** The link is new: the peer says again how large the metadata is. */
  const comeBack = (size = SIZE): void => {
    fetch.removeSource(SLOW);
    fetch.addSource(SLOW, size);
  };

  /** Each is tried alone from now on; the slow one has sent blocks 0 to 3, and the other one nothing. */
  const part = (): void => {
    fetch.addSource(SLOW, SIZE);
    fetch.addSource(OTHER, BLOCK_BYTES);
    expect(asks(0)).toEqual(['slow 0', 'slow 1', 'slow 2', 'slow 3', 'other 0']);
    for (let block = 0; block < METADATA_PIPELINE; block++) receive(SLOW, block, 1);
  };

  test('what it sent alone is kept: it goes on where it was', () => {
    part();
    comeBack();
    expect(asks(2)).toEqual(['slow 4', 'slow 5']);
    expect(receive(SLOW, 4, 3)).toBe(true);
    comeBack();
    expect(asks(4)).toEqual(['slow 5']);
    expect(receive(SLOW, 5, 5)).toHaveLength(SIZE);
  });

  test('blocks that were under way when the link broke are not taken from the next one unasked', () => {
    part();
    asks(2);
    comeBack();
    expect(receive(SLOW, 4, 3)).toBe(false);
  });

  test('what it sent together with others is kept, while nobody else is here', () => {
    fetch.addSource(SLOW, SIZE);
    asks(0);
    receive(SLOW, 0, 1);
    comeBack();
    expect(asks(2)).toEqual(['slow 1', 'slow 2', 'slow 3', 'slow 4']);
  });

  test('when another names another size meanwhile, each is tried alone with what it sent', () => {
    fetch.addSource(SLOW, SIZE);
    asks(0);
    receive(SLOW, 0, 1);
    fetch.removeSource(SLOW);
    fetch.addSource(OTHER, BLOCK_BYTES);
    expect(asks(2)).toEqual(['other 0']);
    fetch.addSource(SLOW, SIZE);
    expect(asks(3)).toEqual(['slow 1', 'slow 2', 'slow 3', 'slow 4']);
  });

  test('what it sent together with others is kept when that is wrong, though it is not here when that is found out', () => {
    fetch.addSource(SLOW, SIZE);
    fetch.addSource(OTHER, SIZE);
    for (const ask of fetch.next(0)) receive(ask.peer, ask.block, 1);
    fetch.removeSource(SLOW);
    expect(fetch.fail()).toEqual({ liar: undefined, next: undefined });
    fetch.addSource(SLOW, SIZE);
    expect(asks(2)).toEqual(['other 0', 'other 1', 'other 2', 'other 3', 'slow 4', 'slow 5']);
  });

  test('that is kept of it alone: another peer gets none of it, and it gets none after it has named another size', () => {
    part();
    fetch.removeSource(SLOW);
    fetch.removeSource(OTHER);
    fetch.addSource(OTHER, SIZE);
    expect(asks(2)).toEqual(['other 0', 'other 1', 'other 2', 'other 3']);
    fetch.addSource(SLOW, SIZE - 1);
    expect(asks(3)).toEqual(['slow 0', 'slow 1', 'slow 2', 'slow 3']);
  });

  test('all that it sent is checked after the verdict on another, and a liar is found out though it is gone', () => {
    fetch.addSource(SLOW, 2 * BLOCK_BYTES);
    fetch.addSource(OTHER, BLOCK_BYTES);
    asks(0);
    const whole = fetch.receive(OTHER, 0, BLOCK_BYTES, BLOCK, 1);
    expect(whole).toHaveLength(BLOCK_BYTES);
    for (const block of [0, 1]) expect(fetch.receive(SLOW, block, 2 * BLOCK_BYTES, BLOCK, 2)).toBe(true);
    fetch.removeSource(SLOW);
    const { liar, next } = fetch.fail();
    expect([liar, next?.length]).toEqual([OTHER, 2 * BLOCK_BYTES]);
    fetch.addSource(SLOW, 2 * BLOCK_BYTES);
    expect(fetch.fail()).toEqual({ liar: SLOW, next: undefined });
    fetch.addSource(SLOW, 2 * BLOCK_BYTES);
    expect(asks(3)).toEqual(['slow 0', 'slow 1']);
  });
});

test('of many whose links broke, no more is kept than of those that wait, and what the largest has sent goes first', () => {
  const peers: PeerKey[] = Array.from({ length: 4 }, (_, at) => hashToId(Uint8Array.of(at, 9)));
  const size = (peer: PeerKey): number => MAX_INFO_BYTES - peers.indexOf(peer);
  const [small] = peers as [PeerKey];
  /** Has each give as many blocks as this, alone, and leaves. */
  for (const [at, peer] of peers.entries()) {
    fetch.addSource(peer, size(peer));
    fetch.addSource(OTHER, BLOCK_BYTES);
    for (let sent = 0, now = at; sent < (peer === small ? 1 : Infinity);) {
      const mine = fetch.next(now++).filter((ask) => ask.peer === peer && ask.block > 0);
      if (mine.length === 0) break;
      for (const { block } of mine) {
        const length = Math.min(BLOCK_BYTES, size(peer) - block * BLOCK_BYTES);
        fetch.receive(peer, block, size(peer), new Uint8Array(length), now);
        if (++sent === 1 && peer === small) break;
      }
    }
    fetch.removeSource(peer);
  }
  const missing = peers.map((peer) => {
    fetch.addSource(peer, size(peer));
    const asked = fetch.next(1000).filter((ask) => ask.peer === peer);
    fetch.removeSource(peer);
    return asked.map(({ block }) => block);
  });
  // The first lacks all but one block and is kept, as are two more that lack the first one alone; one is not.
  expect(missing.filter((blocks) => blocks.length === METADATA_PIPELINE)).toHaveLength(2);
  expect(missing[0]).toEqual([0, 2, 3, 4]);
});

describe('of the first peer, asked for the first block before it says that it has the metadata', () => {
  beforeEach(() => {
    expect(fetch.askAhead(SLOW, 0)).toBe(true);
  });

  test('the block is taken, and the others are asked for', () => {
    fetch.addSource(SLOW, SIZE);
    expect(asks(1)).toEqual(['slow 1', 'slow 2', 'slow 3']);
    expect(receive(SLOW, 0, 2)).toBe(true);
    expect(asks(2)).toEqual(['slow 4']);
  });

  test('metadata of one block is whole before anything else was asked', () => {
    fetch.addSource(SLOW, 5);
    expect(fetch.receive(SLOW, 0, 5, new Uint8Array(5), 1)).toEqual(new Uint8Array(5));
  });

  test('no other is asked ahead', () => {
    expect(fetch.askAhead(OTHER, 1)).toBe(false);
  });

  test('another that has the metadata is not kept waiting, and what comes of the first one is not held against it', () => {
    fetch.addSource(OTHER, SIZE);
    expect(asks(1)).toEqual(['other 0', 'other 1', 'other 2', 'other 3']);
    fetch.addSource(SLOW, SIZE);
    expect(asks(2)).toEqual(['slow 4', 'slow 5']);
    expect(receive(SLOW, 0, 3)).toBe(true);
    expect(receive(SLOW, 0, 3)).toBe(false);
  });

  test('one that refuses is asked again once it has the metadata', () => {
    fetch.reject(SLOW, 0, 1);
    fetch.addSource(SLOW, SIZE);
    expect(asks(2)).toEqual(['slow 0', 'slow 1', 'slow 2', 'slow 3']);
  });

  test('when it is gone the next one is asked ahead', () => {
    fetch.removeSource(SLOW);
    expect(fetch.askAhead(OTHER, 1)).toBe(true);
  });
});
