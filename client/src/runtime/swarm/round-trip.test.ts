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
