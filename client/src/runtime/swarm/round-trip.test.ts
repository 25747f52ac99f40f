import { expect, test } from 'vitest';
import { infoHash, summaryOf } from './test/torrent.ts';
import { FakeWorld } from './test/world.ts';

const V2 = 'ab'.repeat(32);
const WHERE = '&tr=wss%3A%2F%2Fa.example%2Fannounce&tr=udp%3A%2F%2Fb.example%3A80&ws=https%3A%2F%2Fc.example%2Ffile';

for (const [kind, topics] of [
  ['v1', `xt=urn:btih:${infoHash}`],
  ['hybrid', `xt=urn:btih:${infoHash}&xt=urn:btmh:1220${V2}`],
  ['v2-only', `xt=urn:btmh:1220${V2}`],
] as const) {
  const link = `magnet:?${topics}&dn=thing${WHERE}`;

  test(`the link of a ${kind} download says all that its link said, before anybody has sent the metadata`, () => {
    expect(new FakeWorld().add(1).service.download(link).magnet).toBe(link);
  });

  test(`the link of a ${kind} download says the same after a reload`, () => {
    const [before, after] = [new FakeWorld().add(1), new FakeWorld().add(2)];
    before.service.download(link);
    const asked = before.worker.requests.at(-1);
    if (asked?.kind !== 'download' || asked.source.kind !== 'magnet') throw new Error('nothing was asked for');
    after.worker.resumed({ ...asked.source, kind: 'resumed' });
    expect(after.service.downloads[0]?.magnet).toBe(link);
  });
}

const known = `magnet:?xt=urn:btih:${infoHash}&dn=thing&tr=wss%3A%2F%2Fa.example`;
const both = `${known}&tr=wss%3A%2F%2Fb.example&ws=https%3A%2F%2Fc.example`;
const added = { trackers: ['wss://b.example'], webSeeds: ['https://c.example'] };
const second = `magnet:?xt=urn:btih:${infoHash}&dn=other&tr=wss%3A%2F%2Fb.example&ws=https%3A%2F%2Fc.example`;

test('a second link to a download that runs adds where else it is to be had, once, and the worker hears of it', () => {
  const node = new FakeWorld().add(1);
  const download = node.service.download(known);
  expect(node.service.download(second)).toBe(download);
  expect(download.magnet).toBe(both);
  expect(node.worker.requests.at(-1)).toMatchObject({ kind: 'download', source: { infoHash, ...added } });
  const asked = node.worker.requests.length;
  expect(node.service.download(second)).toBe(download);
  expect(node.worker.requests.length).toBe(asked);
});

test('a private torrent takes no other link’s word for where it is to be had (BEP 27)', () => {
  const node = new FakeWorld().add(1);
  const download = node.service.download(known);
  node.worker.report({ kind: 'metadata', summary: summaryOf({ isPrivate: true }) });
  node.service.download(second);
  expect(download.magnet).toBe(known);
  expect(node.worker.requests.filter(({ kind }) => kind === 'download')).toHaveLength(1);
});

test('what an earlier page or another tab had is in the link, whatever the link that was opened here says', () => {
  const node = new FakeWorld().add(1);
  const download = node.service.download(known);
  node.worker.resumed(added);
  expect(download.magnet).toBe(both);
  const follower = new FakeWorld().add(2);
  const followed = follower.service.download(known);
  follower.worker.report({ kind: 'settings', infoHash, selected: undefined, origin: added, settings: {} });
  expect(followed.magnet).toBe(both);
});

test('a link names the trackers that the torrent file has, besides its own, as the facts about it do', () => {
  const node = new FakeWorld().add(1);
  const download = node.service.download(`magnet:?xt=urn:btih:${infoHash}&tr=wss%3A%2F%2Fa.example`);
  node.worker.report({ kind: 'metadata', summary: summaryOf({ trackers: ['udp://b.example'] }) });
  expect(download.magnet).toContain('&tr=udp%3A%2F%2Fb.example&tr=wss%3A%2F%2Fa.example');
  expect(download.info()?.trackers).toEqual(['udp://b.example', 'wss://a.example']);
});

test('the hash of a link that turned out to be of version 1 alone is no longer in its link', () => {
  const node = new FakeWorld().add(1);
  const download = node.service.download(`magnet:?xt=urn:btih:${infoHash}&xt=urn:btmh:1220${V2}`);
  node.worker.report({ kind: 'metadata', summary: summaryOf() });
  expect(download.magnet).not.toContain('btmh');
});
