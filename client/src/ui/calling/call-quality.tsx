import { useEffect, useState } from 'preact/hooks';
import type { Call, CallStats } from '../../index.ts';
import { formatRtt } from '../view/format.ts';

/** How often the call's figures are read. [ms] */
const READ_MS = 2000;

/** Round-trip time and picture size of a running call. */
export function CallQuality({ call }: { readonly call: Call }) {
  const [stats, setStats] = useState<CallStats | undefined>();
  useEffect(() => {
    const read = (): void => {
      // A call that ends meanwhile has no figures; the panel shows the end by itself.
      call.stats().then(setStats, () => undefined);
    };
    read();
    const timer = setInterval(read, READ_MS);
    return () => clearInterval(timer);
  }, [call]);
  if (!stats) return null;
  const size =
    stats.frameWidth !== undefined && stats.frameHeight !== undefined
      ? `${stats.frameWidth} × ${stats.frameHeight}`
      : '';
  return <span class="hint number">{[formatRtt(stats.rttMs), size].filter((text) => text !== '').join(' · ')}</span>;
}
