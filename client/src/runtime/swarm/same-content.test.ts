import { expect, test } from 'vitest';
import type { Share } from '../../api.ts';
import { summaryOf } from './test/torrent.ts';
import { type FakeNode, beginDownload } from './test/world.ts';

const ONE_FILE = summaryOf({
  totalBytes: 5,
  pieceLength: 10,
  pieceCount: 1,
  files: [{ path: 'a', size: 5, index: 0, offset: 0 }],
});

/** A share of `ONE_FILE`. */
async function shareOn(node: FakeNode): Promise<Share> {
  const sharing = node.service.share([new File(['first'], 'a')]);
  node.worker.report({ kind: 'answer', call: node.worker.shareRequest().call, value: ONE_FILE });
  return await sharing;
}

/** What the worker was asked to let go of. */
function given(node: FakeNode): string[] {
  return node.worker.requests.map(({ kind }) => kind).filter((kind) => kind === 'remove' || kind === 'forgetShare');
}

test('of what is shared and downloaded, the share is forgotten when it is stopped, and all ends with the other one', async () => {
  const { node, download } = beginDownload();
  const share = await shareOn(node);
  await share.stop();
  expect(given(node)).toEqual(['forgetShare']);
  await download.remove();
  expect(given(node)).toEqual(['forgetShare', 'remove']);
});

test('a download of what is shared, too, is removed alone', async () => {
  const { node, download } = beginDownload();
  const share = await shareOn(node);
  await download.remove();
  expect(given(node)).toEqual([]);
  await share.stop();
  expect(given(node)).toEqual(['remove']);
});
