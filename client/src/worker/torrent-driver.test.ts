import { expect, test } from 'vitest';
import { equalBytes, utf8Encode } from '../../../shared/src/bytes.ts';
import { type NodeId, hashToId } from '../../../shared/src/ids.ts';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { seededRng } from '../../../shared/src/machine.ts';
import type { MetainfoErrorCode } from '../swarm/metainfo-error.ts';
import { encodeTorrentFile, infoHashOf } from '../swarm/metainfo.ts';
import { type LabContent, makeContent } from '../swarm/test/lab.ts';
import type { PeerKey } from '../swarm/peer-key.ts';
import { Torrent } from '../swarm/torrent.ts';
import type { Metainfo } from '../swarm/types.ts';
import { MESSAGE, PIECE_HEADER_BYTES } from '../swarm/wire.ts';
import { PieceSet } from './bitfield.ts';
import type { TorrentSummary } from './protocol.ts';
import { MemoryBudget, MemoryStore } from './storage/memory.ts';
import type { OwnBytes } from './storage/types.ts';
import type { ProgressReport } from './tab-news.ts';
import { MemoryPipe } from './test/memory-pipe.ts';
import { TorrentDriver } from './torrent-driver.ts';

const KIB = 1024;

/** A driver with memory for storage, and what it said. */
class Peer {
  readonly id: NodeId;
  readonly driver: TorrentDriver;
  readonly content: LabContent;
  readonly banned: PeerKey[] = [];
  saved: Metainfo | undefined;
  savedRefusal: MetainfoErrorCode | undefined;
  /** What the page was told last of the torrent. */
  summary: TorrentSummary | undefined;
  receivedBytes = 0;
  /** Of a magnet link: what opening storage waits for. */
  readyToOpen: Promise<void> = Promise.resolve();
  /** Resolves when its storage begins to be opened. */
  readonly opening: Promise<void>;
  /** What its storage takes from while it is open. */
  readonly memory = new MemoryBudget();
  /** The newest report of how it is doing. */
  progress: ProgressReport | undefined;
  readonly #complete: Promise<void>;
  /** Resolves when it cannot go on by itself. */
  readonly failed: Promise<void>;

  constructor(name: number, content: LabContent, role: 'seed' | 'leecher' | 'magnet') {
    this.id = hashToId(Uint8Array.of(name));
    this.content = content;
    const { metainfo } = content;
    const pieces = Math.ceil(metainfo.totalLength / metainfo.pieceLength);
    const open = (): MemoryStore => new MemoryStore(metainfo.files, this.memory);
    const store = role === 'magnet' ? undefined : open();
    const stored = role === 'seed' ? PieceSet.full(pieces) : undefined;
    if (role === 'seed') store?.write(0, content.bytes.slice());
    const known = role === 'magnet' ? undefined : metainfo;
    let done: () => void = () => undefined;
    this.#complete = new Promise((resolve) => (done = resolve));
    let fail: () => void = () => undefined;
    this.failed = new Promise((resolve) => (fail = resolve));
    let begin: () => void = () => undefined;
    this.opening = new Promise((resolve) => (begin = resolve));
    this.driver = new TorrentDriver({
      infoHash: metainfo.infoHash,
      machine: new Torrent(
        { self: this.id, infoHash: metainfo.infoHash, metainfo: known, stored: stored?.toBytes() },
        seededRng(name),
      ),
      metainfo: known,
      store,
      stored,
      isPaused: false,
      isKept: false,
      error: undefined,
      openStore: async () => {
        begin();
        await this.readyToOpen;
        return open();
      },
      save: (progress) => {
        this.saved = progress.metainfo;
        this.savedRefusal = progress.refusal;
        return Promise.resolve();
      },
      report: (report) => {
        if (report.kind === 'metadata') this.summary = report.summary;
        if (report.kind !== 'progress') return;
        this.banned.splice(0, Infinity, ...report.banned);
        this.progress = report;
        if (report.state === 'seeding') done();
        if (report.state === 'failed') fail();
      },
    } as ConstructorParameters<typeof TorrentDriver>[0]);
    this.driver.begin();
  }

  connect(other: Peer, tamper?: (bytes: OwnBytes) => OwnBytes): void {
    const [near, far] = [new MemoryPipe(), new MemoryPipe()];
    near.far = far;
    far.far = near;
    far.tamper = (bytes) => {
      if (isBlock(bytes)) this.receivedBytes += bytes.length - PIECE_HEADER_BYTES;
      return tamper?.(bytes) ?? bytes;
    };
    this.driver.attach({ peer: other.id, isOutbound: true, serial: 1 }, near);
    other.driver.attach({ peer: this.id, isOutbound: false, serial: 1 }, far);
  }

  async complete(): Promise<void> {
    await this.#complete;
  }

  async hasFiles(): Promise<boolean> {
    const { bytes, metainfo } = this.content;
    for (const [index, { offset, length, isPadding }] of metainfo.files.entries()) {
      if (isPadding) continue;
      const blob = await this.driver.file(index);
      const found = new Uint8Array((await blob?.arrayBuffer()) ?? new ArrayBuffer(0));
      if (!equalBytes(found, bytes.subarray(offset, offset + length))) return false;
    }
    return true;
  }
}

const isBlock = (bytes: Uint8Array): boolean => bytes[4] === MESSAGE.piece;

for (const version of ['v1', 'hybrid', 'v2'] as const) {
  test(`${version}: files come over whole, from the torrent file and from an info-hash alone`, async () => {
    const content = makeContent(1, [300 * KIB + 5, 0, 10, 100 * KIB], 64 * KIB, version);
    const seed = new Peer(1, content, 'seed');
    const peers = [new Peer(2, content, 'leecher'), new Peer(3, content, 'magnet')];
    for (const peer of peers) peer.connect(seed);
    for (const peer of peers) {
      await peer.complete();
      expect(await peer.hasFiles()).toBe(true);
      expect(peer.banned).toEqual([]);
      // Padding is not sent.
      const data = content.metainfo.files.reduce((sum, { length, isPadding }) => sum + (isPadding ? 0 : length), 0);
      expect(peer.receivedBytes).toBe(data);
      await peer.driver.stop(true);
      expect(peer.saved?.pieceLayers?.map(String)).toEqual(content.metainfo.pieceLayers?.map(String));
    }
    await seed.driver.stop(true);
  });
}

for (const version of ['hybrid', 'v2'] as const) {
  test(`${version}: equal files, whose hashes look alike on the wire, get nobody banned`, async () => {
    const lengths = Array.from({ length: 10 }, () => 300_000);
    const content = makeContent(1, lengths, 128 * KIB, version, true);
    const seed = new Peer(1, content, 'seed');
    const peer = new Peer(2, content, 'magnet');
    peer.connect(seed);
    await peer.complete();
    expect(await peer.hasFiles()).toBe(true);
    expect(peer.banned).toEqual([]);
    for (const each of [peer, seed]) await each.driver.stop(true);
  });
}

for (const version of ['hybrid', 'v2'] as const) {
  test(`${version}: who sends one bad block is banned for it, and all the rest it sent is kept`, async () => {
    const content = makeContent(2, [1000 * KIB], 256 * KIB, version);
    const [seed, liar] = [new Peer(1, content, 'seed'), new Peer(2, content, 'seed')];
    const leecher = new Peer(3, content, 'leecher');
    let blocks = 0;
    leecher.connect(liar, (bytes) => {
      if (isBlock(bytes) && ++blocks === 10) bytes[5000] = (bytes[5000] as number) ^ 1;
      return bytes;
    });
    leecher.connect(seed);
    await leecher.complete();
    expect(await leecher.hasFiles()).toBe(true);
    expect(leecher.banned).toEqual([liar.id]);
    // Blocks that were on their way when it was banned are not taken, so they come from the other one.
    expect(leecher.receivedBytes - content.bytes.length).toBeGreaterThanOrEqual(BLOCK_BYTES);
    for (const peer of [seed, liar, leecher]) await peer.driver.stop(true);
  });
}

for (const version of ['hybrid', 'v2'] as const) {
  test(`${version}: the torrent file of a download by link has the piece layers that peers sent (BEP 52)`, async () => {
    const content = makeContent(1, [300 * KIB, 10, 100 * KIB], 64 * KIB, version);
    const seed = new Peer(1, content, 'seed');
    const peer = new Peer(2, content, 'magnet');
    peer.connect(seed);
    await peer.complete();
    expect(peer.summary?.torrentFile).toEqual(encodeTorrentFile(content.metainfo));
    for (const each of [peer, seed]) await each.driver.stop(true);
  });
}

test('a link to a torrent that is refused fails with the reason, for good, and nobody is banned', async () => {
  const { bytes, metainfo } = makeContent(1, [100 * KIB], 64 * KIB);
  const infoBytes = utf8Encode('d6:lengthi1e4:name2:..12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae');
  const content = { bytes, metainfo: { ...metainfo, infoBytes, infoHash: infoHashOf(infoBytes) } };
  const seed = new Peer(1, content, 'seed');
  const peer = new Peer(2, content, 'magnet');
  peer.connect(seed);
  await peer.failed;
  await peer.driver.setPaused(false);
  const message =
    'This torrent cannot be downloaded here: it names files in a way that is not safe. Ask its sender for another one.';
  expect(peer.progress).toMatchObject({ state: 'failed', error: { code: 'bad-metainfo', message }, peers: [] });
  expect(peer.banned).toEqual([]);
  // The next page is to know.
  expect(peer.savedRefusal).toBe('bad-name');
  for (const each of [peer, seed]) await each.driver.stop(true);
});

test('a download that ends while its storage is being opened leaves nothing open', async () => {
  const content = makeContent(3, [200 * KIB], 64 * KIB, 'hybrid');
  const seed = new Peer(1, content, 'seed');
  const leecher = new Peer(2, content, 'magnet');
  let open: () => void = () => undefined;
  leecher.readyToOpen = new Promise((resolve) => (open = resolve));
  leecher.connect(seed);
  await leecher.opening;
  const stopped = leecher.driver.stop(false);
  open();
  await stopped;
  expect(leecher.memory.free).toBe(new MemoryBudget().free);
  await seed.driver.stop(true);
});
