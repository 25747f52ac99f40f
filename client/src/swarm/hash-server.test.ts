import { expect, test } from 'vitest';
import { hashToId } from '../../../shared/src/ids.ts';
import { MAX_FILES } from '../../../shared/src/limits/metainfo.ts';
import { MAX_HASH_ANSWERS_PER_SECOND } from '../../../shared/src/limits/swarm.ts';
import { Answers } from './answers.ts';
import { Effects } from './effects.ts';
import { HashServer } from './hash-server.ts';
import { HashTrees } from './hash-trees.ts';
import { TREE_HASH_BYTES } from './merkle.ts';
import { PeerSession } from './peer-session.ts';
import { makeContent } from './test/lab.ts';
import { TokenBucket } from './token-bucket.ts';

test('who asks for hashes of one of very many equal files costs no more than who asks for as many others', () => {
  const pieceLength = 32 * 1024;
  const { metainfo } = makeContent(1, [2 * pieceLength], pieceLength, 'hybrid');
  const [file] = metainfo.files;
  if (!file) throw new Error('there is a file');
  // What the hashes are does not matter here: nothing is stored.
  const layer = new Uint8Array(2 * TREE_HASH_BYTES);
  const files = Array.from({ length: MAX_FILES }, (_, i) => ({ ...file, offset: i * file.length }));
  const many = { files, totalLength: MAX_FILES * file.length, pieceLayers: files.map(() => layer) };
  let looks = 0;
  const server = new HashServer(new HashTrees({ ...metainfo, ...many }), pieceLength, new Effects(), {
    answers: new Answers(new TokenBucket()),
    isStored: () => {
      looks++;
      return false;
    },
    hashLeaves: () => undefined,
  });
  const session = new PeerSession(hashToId(Uint8Array.of(1)), false, 0);
  const piecesRoot = file.piecesRoot ?? new Uint8Array(0);
  for (let asked = 0; asked < 100; asked++)
    server.receive(session, { piecesRoot, baseLayer: 0, index: 0, length: 2, proofLayers: 0 }, 0);
  expect(looks).toBeLessThanOrEqual(MAX_HASH_ANSWERS_PER_SECOND);
});
