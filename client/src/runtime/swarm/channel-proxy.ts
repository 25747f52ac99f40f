import { CHANNEL_LOW_WATER_BYTES } from '../../../../shared/src/limits/storage.ts';
import type { PortNotice } from '../../worker/pipe.ts';

/**
 * Passes a data channel's messages to the worker and back through `port`, where the browser cannot transfer the
 * channel itself. What the worker sends is credited to it once it has left the channel's queue, so that congestion
 * shows there as it would on the channel.
 */
export function proxyChannel(channel: RTCDataChannel, port: MessagePort): void {
  let uncredited = 0;
  const notify = (notice: PortNotice): void => port.postMessage(notice);
  const credit = (): void => {
    if (uncredited > 0) notify({ kind: 'credit', bytes: uncredited });
    uncredited = 0;
  };
  channel.binaryType = 'arraybuffer';
  channel.bufferedAmountLowThreshold = CHANNEL_LOW_WATER_BYTES;
  channel.onopen = () => notify({ kind: 'open' });
  channel.onmessage = (event: MessageEvent<unknown>) => {
    if (event.data instanceof ArrayBuffer) port.postMessage(event.data, [event.data]);
  };
  channel.onbufferedamountlow = credit;
  channel.onclose = () => {
    notify({ kind: 'closed' });
    port.close();
  };
  port.onmessage = (event: MessageEvent<ArrayBuffer | PortNotice>) => {
    if (!(event.data instanceof ArrayBuffer)) {
      if (event.data.kind === 'close') channel.close();
      return;
    }
    uncredited += event.data.byteLength;
    try {
      channel.send(event.data);
    } catch {
      // Closing: `onclose` follows.
      channel.close();
      return;
    }
    if (channel.bufferedAmount <= CHANNEL_LOW_WATER_BYTES) credit();
  };
  if (channel.readyState === 'open') notify({ kind: 'open' });
}
