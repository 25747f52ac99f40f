import type { LookupTrace } from '../../index.ts';
import { drawingMs, HOP_MS } from '../state/lookups.ts';
import { node } from '../state/session.ts';
import { useStill } from '../state/still.ts';
import { type Hop, hopsOf } from '../view/lookup-ways.ts';
import { chord, ringPoint } from './ring-layout.ts';
import { dotOf, MARKED_CLOSEST } from './ring-peers.ts';

/** How far outside the circle the sign of a key stands. */
const KEY_DISTANCE = 22;

interface RingLookupProps {
  readonly trace: LookupTrace;
  /** A lookup of the node's own: fades once it is over. */
  readonly isPassing: boolean;
}

/**
 * A lookup on the ring: the key's place, a line that travels from peer to peer, and the closest peers at its end. One of
 * the node's own stands there at once while files move.
 */
export function RingLookup({ trace, isPassing }: RingLookupProps) {
  const self = node.value?.id;
  const isStill = useStill() && isPassing;
  if (self === undefined) return null;
  const { key, paths, closest, state } = trace;
  const arrival = drawingMs(trace);
  return (
    <g
      class={`lookup${isStill ? ' still' : ''}${isPassing && state !== 'running' ? ' over' : ''}`}
      data-testid="ring-lookup"
      data-state={state}
      style={{ '--arrival': `${arrival}ms` }}
    >
      <KeySign id={key} />
      {hopsOf(self, paths, closest).map((hop) => (
        <HopLine key={`${hop.from}>${hop.to}`} {...hop} />
      ))}
      {closest.slice(0, MARKED_CLOSEST).map((id) => (
        <Halo key={id} id={id} />
      ))}
    </g>
  );
}

/** A small triangle that points at the key's place from outside. */
function KeySign({ id }: { readonly id: string }) {
  const { x, y } = ringPoint(id, -KEY_DISTANCE);
  const turn = (Math.atan2(y - 200, x - 200) * 180) / Math.PI;
  return (
    <path
      class="key-sign"
      d="M-7 0 5 -6.5V6.5Z"
      transform={`translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${turn.toFixed(1)})`}
    />
  );
}

function HopLine({ from, to, rank, isMain }: Hop) {
  const start = dotOf.value.get(from);
  const end = dotOf.value.get(to);
  if (!start || !end) return null;
  return (
    <path
      class={isMain ? 'hop' : 'hop beside'}
      pathLength={1}
      d={chord(start, end)}
      style={{ '--wait': `${rank * HOP_MS}ms` }}
    />
  );
}

function Halo({ id }: { readonly id: string }) {
  const dot = dotOf.value.get(id);
  return dot ? <circle class="halo" cx={dot.x} cy={dot.y} r={dot.radius + 4.5} /> : null;
}
