import type { BrowserContext } from 'playwright-core';

/**
 * Runs in the workers of a faulty peer, before our own code, and sees every block that it sends. A block is a `piece`
 * message (BEP 3): length (4 bytes), the number 7, piece index, offset, data. All other messages of a swarm are shorter,
 * or are the metadata and hashes, whose numbers are 20 and 22. `spoil(bytes, count, total)` is called with each block, its
 * number and the bytes sent before it; it changes the block, or returns false to have it never sent.
 */
const hookBlocks = (spoil: string): string => `
if (typeof WorkerGlobalScope !== 'undefined' && !self.isFaulty) {
  self.isFaulty = true;
  const sendAsItIs = RTCDataChannel.prototype.send;
  let count = 0;
  let total = 0;
  const spoil = ${spoil};
  RTCDataChannel.prototype.send = function (data) {
    const bytes = new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength).slice();
    if (bytes.length > 1000 && bytes[4] === 7) {
      if (spoil(bytes, count++, total) === false) return;
      total += bytes.length;
    }
    return sendAsItIs.call(this, bytes);
  };
}
`;

async function changeScripts(context: BrowserContext, script: string): Promise<void> {
  await context.route(/\/assets\/[^/]*\.js$/, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: script + (await answer.text()) });
  });
}

/** Makes every tab of `context` turn the last byte of each block that it sends, or of one in `every`. */
export async function poisonUploads(context: BrowserContext, every = 1): Promise<void> {
  await changeScripts(
    context,
    hookBlocks(`(bytes, count) => { if (count % ${every} === ${every - 1}) bytes[bytes.length - 1] ^= 0xff; }`),
  );
}

/** Makes every tab of `context` fall silent once it has sent `bytes` of blocks: it stays connected and answers nothing. */
export async function muteUploads(context: BrowserContext, bytes: number): Promise<void> {
  await changeScripts(context, hookBlocks(`(block, count, total) => total + block.length <= ${bytes}`));
}
