import { describe, expect, test } from 'vitest';
import { equalBytes } from '../../../shared/src/bytes.ts';
import { hashToId } from '../../../shared/src/ids.ts';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { METADATA_SILENCE_MS } from '../../../shared/src/limits/swarm.ts';
import { MetadataFetch } from './metadata-fetch.ts';
import type { PeerKey } from './peer-key.ts';

const BLOCKS = 12;
const SIZE = BLOCKS * BLOCK_BYTES - 100;
const TRUTH = Uint8Array.from({ length: SIZE }, (_, i) => (i * 7) ^ (i >> 9));
/** How long a second of the pump is. [ms] */
const STEP_MS = 1000;

/** A peer that answers in the order in which it was asked, at a rate. */
interface Answerer {
  readonly bytesPerSecond: number;
  /** What it says the metadata is; undefined for no word. `isInCompany` when others were asked at the same time. */
  readonly answer: (block: number, isInCompany: boolean) => Uint8Array | undefined;
}

const blockOf = (bytes: Uint8Array, block: number): Uint8Array =>
  bytes.slice(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
const lie = (block: number): Uint8Array => blockOf(TRUTH, block).fill(99);
const honest = (bytesPerSecond: number): Answerer => ({ bytesPerSecond, answer: (block) => blockOf(TRUTH, block) });
const liar: Answerer = { bytesPerSecond: Infinity, answer: lie };
/** Says nothing unless what it says is mixed with what others say. */
const shyLiar: Answerer = {
  bytesPerSecond: Infinity,
  answer: (block, isInCompany) => (isInCompany ? lie(block) : undefined),
};
/** Keeps its place with one lie a minute. */
const drip: Answerer = { bytesPerSecond: BLOCK_BYTES / 60, answer: lie };
const silent: Answerer = { bytesPerSecond: Infinity, answer: () => undefined };

/** What a fetch from these peers came to. */
interface Outcome {
  /** When the metadata was here; undefined when it was not. [ms] */
  readonly doneAt: number | undefined;
  /** Peers that were told to have lied, by their places. */
  readonly liars: readonly number[];
  /** How often each peer was asked. */
  readonly asks: readonly number[];
}

/** Fetches from these peers, the first ones first, until the metadata is here or so much time is over. */
function fetchFrom(answerers: readonly Answerer[], forMs: number): Outcome {
  const fetch = new MetadataFetch();
  const ids: readonly PeerKey[] = answerers.map((_, at) => hashToId(Uint8Array.of(at + 1)));
  const queues = new Map<PeerKey, { block: number; isInCompany: boolean }[]>(ids.map((id) => [id, []]));
  const readyAt = ids.map(() => 0);
  const asks = ids.map(() => 0);
  const liars: number[] = [];
  for (const id of ids) fetch.addSource(id, SIZE);
  for (let now = 0; now <= forMs; now += STEP_MS) {
    const asked = fetch.next(now);
    const isInCompany = new Set(asked.map(({ peer }) => peer)).size > 1;
    for (const { peer, block } of asked) {
      const [at, queue] = [ids.indexOf(peer), queues.get(peer)];
      if (queue?.length === 0) readyAt[at] = Math.max(readyAt[at] as number, now);
      queue?.push({ block, isInCompany });
      asks[at] = (asks[at] as number) + 1;
    }
    for (const [at, id] of ids.entries()) {
      const { bytesPerSecond, answer } = answerers[at] as Answerer;
      const queue = queues.get(id) ?? [];
      if (liars.includes(at)) continue;
      for (let next = queue[0]; next; next = queue[0]) {
        const sendsAt = (readyAt[at] as number) + (1000 * BLOCK_BYTES) / bytesPerSecond;
        if (sendsAt > now) break;
        readyAt[at] = sendsAt;
        queue.shift();
        const bytes = answer(next.block, next.isInCompany);
        let whole = bytes && fetch.receive(id, next.block, SIZE, bytes, now);
        while (whole instanceof Uint8Array) {
          if (equalBytes(whole, TRUTH)) return { doneAt: now, liars, asks };
          const failed = fetch.fail();
          if (failed.liar !== undefined) {
            liars.push(ids.indexOf(failed.liar));
            fetch.removeSource(failed.liar);
          }
          whole = failed.next;
        }
      }
    }
  }
  return { doneAt: undefined, liars, asks };
}

/** What one peer alone takes to send all of it. [ms] */
const aloneMs = (bytesPerSecond: number): number => (1000 * SIZE) / bytesPerSecond;

for (const bytesPerSecond of [1900, 1000, 400])
  describe(`of an honest peer that sends ${bytesPerSecond} bytes a second`, () => {
    const slow = honest(bytesPerSecond);
    const most = 1.3 * aloneMs(bytesPerSecond) + 60_000;

    test('alone, each block is asked for once', () => {
      const { doneAt, asks } = fetchFrom([slow], most);
      expect(doneAt).toBeLessThan(most);
      expect(asks).toEqual([BLOCKS]);
    });

    test('beside a liar, the metadata comes in the time that it takes alone, and the liar is found out', () => {
      const { doneAt, liars } = fetchFrom([slow, liar], most);
      expect(doneAt).toBeLessThan(most);
      expect(liars).toEqual([1]);
    });

    test('beside a liar that keeps silent when it is asked alone, the metadata comes in that time', () => {
      for (const order of [
        [slow, shyLiar],
        [shyLiar, slow],
        [shyLiar, silent, slow, shyLiar],
      ]) {
        const { doneAt, liars } = fetchFrom(order, most);
        expect(doneAt).toBeLessThan(most);
        expect(liars.every((at) => order[at] === shyLiar)).toBe(true);
      }
    });

    test('behind more liars and silent peers than are tried at once, the metadata comes in bounded time', () => {
      const crowd = [drip, liar, shyLiar, silent, drip, liar, shyLiar, silent, drip, drip, slow];
      const { doneAt, liars } = fetchFrom(crowd, most + 4 * METADATA_SILENCE_MS);
      expect(doneAt).toBeLessThan(most + 4 * METADATA_SILENCE_MS);
      expect(liars.every((at) => crowd[at] === liar || crowd[at] === shyLiar)).toBe(true);
    });
  });

test('what a slow peer sent before a liar was found out is not asked for again', () => {
  const { asks } = fetchFrom([honest(1900), liar], 1.5 * aloneMs(1900));
  expect(asks[0]).toBeLessThanOrEqual(BLOCKS + 1);
});
