import { expect, test } from 'vitest';
import { utf8Encode } from '../../../shared/src/bytes.ts';
import { truncateInfoHash } from '../swarm/magnet.ts';
import { infoHashOf, infoHashV2Of } from '../swarm/metainfo.ts';
import { makeContent } from '../swarm/test/lab.ts';
import { checkMetadata } from './check-metadata.ts';

const CLIMBING = utf8Encode('d6:lengthi1e4:name2:..12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae');

for (const version of ['v1', 'hybrid', 'v2'] as const) {
  test(`${version}: metadata that the link names is taken, and any other is nobody's word`, async () => {
    const { metainfo } = makeContent(1, [100_000], 32 * 1024, version);
    const checked = await checkMetadata(metainfo.infoHash, metainfo.infoBytes);
    expect(checked).toMatchObject({ ok: true, value: { infoHash: metainfo.infoHash, version } });
    expect(await checkMetadata(metainfo.infoHash, CLIMBING)).toBeUndefined();
  });
}

test('metadata that the link names by either hash and that is refused is told from that of a liar', async () => {
  const refused = { ok: false, error: 'bad-name' };
  expect(await checkMetadata(infoHashOf(CLIMBING), CLIMBING)).toEqual(refused);
  expect(await checkMetadata(truncateInfoHash(infoHashV2Of(CLIMBING)), CLIMBING)).toEqual(refused);
});

test('a torrent of version 1 has no swarm under a hash of version 2', async () => {
  const { metainfo } = makeContent(1, [100_000], 32 * 1024);
  const infoHash = truncateInfoHash(infoHashV2Of(metainfo.infoBytes));
  expect(await checkMetadata(infoHash, metainfo.infoBytes)).toEqual({ ok: false, error: 'not-metainfo' });
});
