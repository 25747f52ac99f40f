import { expect, test } from 'vitest';
import { settle } from '../../adapters/memory/manual-clock.ts';
import type { Download, SkeinError } from '../../api.ts';
import { truncateInfoHash } from '../../swarm/magnet.ts';
import { encodeTorrentFile } from '../../swarm/metainfo.ts';
import { makeContent } from '../../swarm/test/lab.ts';
import type { InfoHash } from '../../swarm/types.ts';
import { summaryOf } from './test/torrent.ts';
import { type FakeNode, FakeWorld } from './test/world.ts';

const HYBRID = makeContent(1, [100_000, 5], 32 * 1024, 'hybrid').metainfo;
const V2 = makeContent(2, [100_000], 32 * 1024, 'v2').metainfo;
const [TRACKER, WEB_SEED] = ['wss://a.example', 'https://b.example/'];
const fileOf = (metainfo: typeof HYBRID): Uint8Array =>
  encodeTorrentFile({ ...metainfo, trackers: [TRACKER], webSeeds: [WEB_SEED] });

/** A node that downloads by a link to this swarm. */
function begin(infoHash: InfoHash): { readonly node: FakeNode; readonly download: Download } {
  const [node] = new FakeWorld().pair();
  return { node, download: node.service.download(`magnet:?xt=urn:btih:${infoHash}`) };
}

const places = ({ magnet }: Download): readonly (string | null)[] =>
  ['tr', 'ws'].map((key) => new URL(magnet).searchParams.get(key));

/** The worker's word on what was asked of it last. */
function answer(node: FakeNode, error?: { readonly code: 'bad-metainfo'; readonly message: string }): Promise<void> {
  const request = node.worker.requests.at(-1);
  if (request?.kind !== 'download') throw new Error('nothing was asked for');
  if (error) node.worker.report({ kind: 'failure', call: request.call, ...error });
  return settle();
}

for (const [title, metainfo, infoHash] of [
  ['hybrid', HYBRID, HYBRID.infoHash],
  ['hybrid, whose link names v2 alone', HYBRID, truncateInfoHash(HYBRID.infoHashV2 ?? '')],
  ['v2', V2, V2.infoHash],
] as const)
  test(`${title}: the file of a download that has begun by its link is given to that, with what it says`, async () => {
    const { node, download } = begin(infoHash);
    const bytes = fileOf(metainfo);
    expect(node.service.download(bytes)).toBe(download);
    expect(node.worker.requests.at(-1)).toMatchObject({
      kind: 'download',
      source: { kind: 'metainfo', infoHash, bytes },
      retry: undefined,
    });
    await answer(node);
    expect(node.service.downloads).toEqual([download]);
    expect(places(download)).toEqual([TRACKER, WEB_SEED]);
  });

test('the file of a download whose metadata came from peers is given to that, too: it may lack the piece layers', async () => {
  const { node, download } = begin(V2.infoHash);
  node.worker.report({ kind: 'metadata', summary: summaryOf({ infoHash: V2.infoHash }) });
  const bytes = fileOf(V2);
  expect(node.service.download(bytes)).toBe(download);
  expect(node.worker.requests.at(-1)).toMatchObject({ kind: 'download', source: { kind: 'metainfo', bytes } });
  await answer(node);
  expect(places(download)).toEqual([TRACKER, WEB_SEED]);
});

test('the program that made the file is known from it', async () => {
  const { node, download } = begin(HYBRID.infoHash);
  const bytes = fileOf(HYBRID);
  const at = new TextDecoder('latin1').decode(bytes).indexOf('4:info');
  const creator = new TextEncoder().encode('10:created by5:maker');
  node.service.download(Uint8Array.of(...bytes.slice(0, at), ...creator, ...bytes.slice(at)));
  node.worker.report({ kind: 'metadata', summary: summaryOf({ infoHash: HYBRID.infoHash }) });
  await answer(node);
  expect(download.info()?.createdBy).toBe('maker');
});

test('a file that the worker refuses leaves the download as it was, and who opened it hears why', async () => {
  const { node, download } = begin(HYBRID.infoHash);
  const heard: SkeinError[] = [];
  const onRefused = (error: SkeinError): void => void heard.push(error);
  expect(node.service.download(fileOf(HYBRID), { onRefused })).toBe(download);
  const error = { code: 'bad-metainfo', message: 'It is refused.' } as const;
  await answer(node, error);
  expect(heard).toMatchObject([error]);
  expect([download.state, download.error, places(download)]).toEqual(['finding', undefined, [null, null]]);
});

test('a file of what is shared here that the worker refuses does not stop the share', async () => {
  const [node] = new FakeWorld().pair();
  const wait = { wait: undefined, handles: [], settings: {} } as const;
  node.worker.report({ kind: 'sharedBefore', summary: summaryOf({ infoHash: HYBRID.infoHash }), ...wait });
  node.worker.progress(HYBRID.infoHash, { state: 'seeding', doneBytes: 100 });
  const heard: SkeinError[] = [];
  const download = node.service.download(fileOf(HYBRID), { onRefused: (error) => void heard.push(error) });
  await answer(node, { code: 'bad-metainfo', message: 'It is refused.' });
  expect(heard).toHaveLength(1);
  expect([node.service.shares[0]?.error, download.state]).toEqual([undefined, 'done']);
});

test('a file that begins a download, and is refused, fails that', async () => {
  const [node] = new FakeWorld().pair();
  const heard: SkeinError[] = [];
  const download = node.service.download(fileOf(HYBRID), { onRefused: (error) => void heard.push(error) });
  await answer(node, { code: 'bad-metainfo', message: 'It is refused.' });
  expect([download.state, heard]).toEqual(['failed', []]);
});
