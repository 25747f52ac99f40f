import { expect, test } from 'vitest';
import { makeContent } from '../swarm/test/lab.ts';
import { wantedFiles } from './download-plan.ts';

const { metainfo } = makeContent(1, [10, 10, 10], 16_384);

test.each([
  ['all files without priorities and selection', undefined, undefined, [true, true, true]],
  ['those that the link selected', undefined, [2], [false, false, true]],
  ['all files when the link selected none of the torrent', undefined, [7], [true, true, true]],
  ['all that are not skipped, whatever the link selected', ['skip', 'low'], [0], [false, true, true]],
] as const)('wanted are %s', (_title, priorities, selected, wanted) => {
  const isWanted = wantedFiles(metainfo, priorities, selected);
  expect(metainfo.files.map((_, file) => isWanted(file))).toEqual(wanted);
});

test.each([
  ['v1', 1, 1],
  ['hybrid', 2, 2],
  ['v2', 1, 2],
] as const)('a link counts the files as a %s torrent lists them (BEP 53)', (version, so, index) => {
  const padded = makeContent(1, [20_000, 30_000], 16_384, version).metainfo;
  const isWanted = wantedFiles(padded, undefined, [so]);
  expect([isWanted(0), isWanted(index)]).toEqual([false, true]);
});
