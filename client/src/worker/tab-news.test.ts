import { expect, test } from 'vitest';
import { hashToId } from '../../../shared/src/ids.ts';
import type { InfoHash } from '../swarm/types.ts';
import { stillReport } from './still-report.ts';
import { type NewsChannel, type NewsOwner, TabNews } from './tab-news.ts';

const TORRENT: InfoHash = hashToId(new Uint8Array([1]));
const OTHER: InfoHash = hashToId(new Uint8Array([2]));

/** Tabs of one origin: what one posts all others get, at once. */
class Origin {
  readonly #channels: NewsChannel[] = [];
  posted = 0;

  open(owner: Partial<NewsOwner> = {}): TabNews {
    const nothing = (): void => undefined;
    const deaf: NewsOwner = {
      followed: nothing,
      setPaused: nothing,
      addOrigin: nothing,
      supply: nothing,
      askPieces: nothing,
    };
    return new TabNews(this.channel(), { ...deaf, ...owner });
  }

  channel(): NewsChannel {
    const channel: NewsChannel = {
      onmessage: null,
      postMessage: (notice) => {
        this.posted++;
        for (const other of this.#channels) {
          if (other !== channel) other.onmessage?.(new MessageEvent('message', { data: notice }));
        }
      },
      close: () => this.#channels.splice(this.#channels.indexOf(channel), 1),
    };
    this.#channels.push(channel);
    return channel;
  }
}

test('a follower gets the reports of its torrent and of no other, until it stops', () => {
  const origin = new Origin();
  const first = origin.open();
  const seen: number[] = [];
  const stop = origin.open().follow(TORRENT, (report) => seen.push(report.doneBytes));
  origin.open().follow(OTHER, () => undefined);
  first.tell({ ...stillReport(TORRENT, 'downloading', 100), doneBytes: 10 });
  first.tell({ ...stillReport(OTHER, 'downloading', 100), doneBytes: 20 });
  stop();
  first.tell({ ...stillReport(TORRENT, 'downloading', 100), doneBytes: 30 });
  expect(seen).toEqual([10]);
});

test('a torrent that nobody follows costs no message', () => {
  const origin = new Origin();
  const first = origin.open();
  origin.open();
  first.tell(stillReport(TORRENT, 'downloading', 100));
  expect(origin.posted).toBe(0);
});

test('a new follower is told at once, and what it asks for reaches the tab that carries the torrent out', () => {
  const origin = new Origin();
  const heard: unknown[] = [];
  const first: TabNews = origin.open({
    followed: (infoHash) => first.tell({ ...stillReport(infoHash, 'downloading', 100), doneBytes: 40 }),
    setPaused: (infoHash, isPaused) => heard.push([infoHash, isPaused]),
    supply: (infoHash, torrentFile) => heard.push([infoHash, torrentFile]),
    askPieces: (infoHash) => heard.push(infoHash),
  });
  const follower = origin.open();
  const seen: number[] = [];
  follower.follow(TORRENT, (report) => seen.push(report.doneBytes));
  expect(seen).toEqual([40]);
  follower.setPaused(TORRENT, true);
  follower.supply(TORRENT, Uint8Array.of(1));
  follower.askPieces(TORRENT);
  expect(heard).toEqual([[TORRENT, true], [TORRENT, Uint8Array.of(1)], TORRENT]);
});

test('what a tab of a newer page says that this one does not know does nothing', () => {
  const origin = new Origin();
  const heard: string[] = [];
  const owner = { followed: () => void heard.push('followed'), setPaused: () => void heard.push('setPaused') };
  const first = origin.open(owner);
  const posting = origin.channel();
  for (const notice of [{ kind: 'checkAgain', infoHash: TORRENT }, { kind: 7 }, {}, null, 'follow', undefined])
    posting.postMessage(notice as never);
  first.tell(stillReport(TORRENT, 'downloading', 100));
  expect(heard).toEqual([]);
  expect(origin.posted).toBe(6);
});
