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
