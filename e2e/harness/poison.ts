import type { BrowserContext } from 'playwright-core';

/**
 * Runs in the workers of a hostile peer, before our own code: it turns the last byte of every block it sends. A block
 * is a `piece` message (BEP 3): length (4 bytes), the number 7, piece index, offset, data. All other messages of a
 * swarm are shorter, or are the metadata, whose number is 20.
 */
const POISON = `
if (typeof WorkerGlobalScope !== 'undefined' && !self.isPoisoned) {
  self.isPoisoned = true;
  const sendAsItIs = RTCDataChannel.prototype.send;
  RTCDataChannel.prototype.send = function (data) {
    const bytes = new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength).slice();
    if (bytes.length > 1000 && bytes[4] === 7) bytes[bytes.length - 1] ^= 0xff;
    return sendAsItIs.call(this, bytes);
  };
}
`;

/** Makes every tab of `context` send bad data: its scripts are changed on the way from the server. */
export async function poisonUploads(context: BrowserContext): Promise<void> {
  await context.route(/\/assets\/[^/]*\.js$/, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: POISON + (await answer.text()) });
  });
}
