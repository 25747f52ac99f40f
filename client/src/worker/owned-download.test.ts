import { expect, test } from 'vitest';
import { makeContent } from '../swarm/test/lab.ts';
import type { Metainfo } from '../swarm/types.ts';
import { planResume } from './download-plan.ts';
import { OwnedDownload, type OwnedRecords } from './owned-download.ts';
import type { ResumeRecord } from './storage/resume.ts';

const KIB = 1024;

/** The database of a browser, with room for one download. */
class OneRecord implements OwnedRecords {
  kept: ResumeRecord | undefined;
  isRefusing = false;

  read(): Promise<ResumeRecord | undefined> {
    return Promise.resolve(this.kept);
  }

  write(record: ResumeRecord): Promise<void> {
    if (this.isRefusing) return Promise.reject(new Error('the database is gone'));
    this.kept = record;
    return Promise.resolve();
  }

  remove(): Promise<void> {
    this.kept = undefined;
    return Promise.resolve();
  }
}

/** A download by link, and the record that it leaves. */
function ownedMagnet({ infoHash }: Metainfo): { readonly owned: OwnedDownload; readonly records: OneRecord } {
  const records = new OneRecord();
  const plan = { infoHash, name: '', trackers: [], webSeeds: [], selected: undefined, metainfo: undefined };
  return { owned: new OwnedDownload({ release: () => undefined }, records, plan, undefined, {}), records };
}

const saved = (metainfo: Metainfo | undefined) => ({
  metainfo,
  bitfield: undefined,
  isPaused: false,
  refusal: undefined,
});

for (const version of ['v2', 'hybrid'] as const) {
  test(`${version}: the next page finds the piece layers that peers sent after the first record`, async () => {
    const { metainfo } = makeContent(1, [200 * KIB, 10], 64 * KIB, version);
    const { owned, records } = ownedMagnet(metainfo);
    await owned.save(saved(undefined), 0);
    await owned.save(saved({ ...metainfo, pieceLayers: metainfo.files.map(() => undefined) }), 0);
    await owned.save(saved(metainfo), 0);
    const resumed = planResume(records.kept as ResumeRecord).metainfo;
    expect(resumed?.pieceLayers?.map(String)).toEqual(metainfo.pieceLayers?.map(String));
  });
}

test('the torrent file is made once for all records of one metainfo', async () => {
  const { metainfo } = makeContent(1, [200 * KIB], 64 * KIB, 'v2');
  const { owned, records } = ownedMagnet(metainfo);
  await owned.save(saved(metainfo), 0);
  const first = records.kept?.torrentFile;
  await owned.save(saved(metainfo), 0);
  expect(records.kept?.torrentFile).toBe(first);
  expect(records.kept?.generation).toBe(2);
});

test('a record that cannot be written is a failure as long as there is none: the next page would know nothing of the download', async () => {
  const { metainfo } = makeContent(1, [200 * KIB], 64 * KIB, 'v2');
  const { owned, records } = ownedMagnet(metainfo);
  records.isRefusing = true;
  await expect(owned.save(saved(metainfo), 0)).rejects.toMatchObject({ code: 'storage-failed' });
  records.isRefusing = false;
  await owned.save(saved(metainfo), 0);
  records.isRefusing = true;
  await owned.save(saved(metainfo), 0);
});
