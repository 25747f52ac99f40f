import type { NodeId } from '../../../shared/src/ids.ts';

/**
 * Sends to `wanted` different receivers at once and, in place of each that did not get it, to the next one not tried yet.
 * Resolves to how many got it.
 */
export async function sendToSome(
  receivers: readonly NodeId[],
  wanted: number,
  send: (receiver: NodeId) => Promise<boolean>,
): Promise<number> {
  const ahead = [...new Set(receivers)];
  const count = Number.isFinite(wanted) ? Math.min(Math.max(1, Math.floor(wanted)), ahead.length) : ahead.length;
  const deliver = async (): Promise<boolean> => {
    for (let receiver = ahead.shift(); receiver !== undefined; receiver = ahead.shift()) {
      if (await send(receiver)) return true;
    }
    return false;
  };
  const deliveries = await Promise.all(Array.from({ length: count }, deliver));
  return deliveries.filter(Boolean).length;
}
