import { expect, test } from 'vitest';
import { at } from './test/at.ts';
import { Lab, type LabPeer, makeContent } from './test/lab.ts';

const KIB = 1024;
const PIECE = 512 * KIB;
const URL = 'https://seed.example/';

const isWhole = (peer: LabPeer, piece: number): boolean =>
  peer.torrent.pieceMap().open.some((open) => open.piece === piece && open.receivedBlocks === open.blockCount);

const corrupt = (_piece: number, _begin: number, block: Uint8Array): Uint8Array => block.map((byte) => byte ^ 1);

/** The peer gives nothing from now on, and keeps its link all the same. */
function dawdle(lab: Lab, leecher: LabPeer, peer: LabPeer): void {
  peer.isMute = true;
  const again = (): void => {
    lab.input(leecher, { kind: 'received', from: peer.id, bytes: new Uint8Array(4) });
    lab.after(60_000, again);
  };
  again();
}

test.each([
  ['a liar that came first', true],
  ['a liar that came last', false],
])(
  '%s and then dawdles keeps nobody from a piece that both were to send, though both are suspects',
  (_who, isFirst) => {
    const content = makeContent(91, [PIECE], PIECE);
    const lab = new Lab(91);
    const liar = lab.add('liar', { content, role: 'seed', corrupt, uplink: 100 });
    const seed = lab.add('seed', { content, role: 'seed', uplink: 100 });
    const leecher = lab.add('leecher', { content, role: 'leecher' });
    for (const peer of isFirst ? [liar, seed] : [seed, liar]) lab.connect(leecher, peer);
    lab.run(60_000, () => isWhole(leecher, 0));
    // It failed, which convicts neither.
    lab.run(lab.now + 100, () => !isWhole(leecher, 0));
    expect(leecher.banned).toEqual([]);
    dawdle(lab, leecher, liar);
    lab.run(lab.now + 60_000, () => leecher.isComplete);
    expect(leecher.hasIdenticalBytes).toBe(true);
  },
);

test('a suspect that dawdles keeps no web seed from a piece that it began', () => {
  const content = makeContent(92, [2 * PIECE], PIECE);
  const lab = new Lab(92);
  let isDown = false;
  lab.web.seeds.set(URL, {
    bytesPerSecond: 200_000,
    fails: () => (isDown ? { kind: 'fetchFailed', isFinal: false } : undefined),
  });
  const liar = lab.add('liar', { content, role: 'seed', corrupt, uplink: 20 });
  const leecher = lab.add('leecher', { content, role: 'leecher' });
  lab.connect(leecher, liar);
  lab.run(60_000, () => leecher.keptBytes > 0);
  const { piece } = at(leecher.torrent.pieceMap().open, 0);
  lab.input(leecher, { kind: 'command', command: { kind: 'addWebSeeds', urls: [URL] } });
  lab.run(60_000, () => isWhole(leecher, piece));
  // The piece failed, and the suspect is asked for it while the other one rests.
  isDown = true;
  lab.run(lab.now + 500);
  isDown = false;
  dawdle(lab, leecher, liar);
  lab.run(lab.now + 60_000, () => leecher.isComplete);
  expect(leecher.hasIdenticalBytes).toBe(true);
});

test('a suspect that is slow gets done with a piece, however often another one begins it anew and dawdles', () => {
  const content = makeContent(93, [PIECE], PIECE);
  const lab = new Lab(93);
  const liar = lab.add('liar', { content, role: 'seed', corrupt, uplink: 100 });
  // It takes 52 s for the piece.
  const seed = lab.add('seed', { content, role: 'seed', uplink: 10 });
  const leecher = lab.add('leecher', { content, role: 'leecher' });
  for (const peer of [liar, seed]) lab.connect(leecher, peer);
  lab.run(120_000, () => isWhole(leecher, 0));
  lab.run(lab.now + 100, () => !isWhole(leecher, 0));
  expect(leecher.banned).toEqual([]);
  dawdle(lab, leecher, liar);
  lab.run(lab.now + 300_000, () => leecher.isComplete);
  expect(leecher.hasIdenticalBytes).toBe(true);
});
