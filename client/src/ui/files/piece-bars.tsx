import type { PieceMap } from '../../index.ts';
import {
  type Level,
  availabilityLevels,
  availabilitySentence,
  levelPath,
  storedLevels,
  storedSentence,
} from '../view/piece-bars.ts';

const LEVELS: readonly Level[] = [1, 2, 3, 4, 'nowhere'];

/** Which pieces are here, and how many of the connected peers have each: drawn, and said below. */
export function PieceBars({ map }: { readonly map: PieceMap }) {
  if (map.count === 0) return null;
  return (
    <div class="piece-bars">
      <Bar kind="stored" levels={storedLevels(map)} sentence={storedSentence(map)} />
      <Bar kind="available" levels={availabilityLevels(map)} sentence={availabilitySentence(map)} />
    </div>
  );
}

interface BarProps {
  readonly kind: 'stored' | 'available';
  readonly levels: readonly Level[];
  readonly sentence: string;
}

function Bar({ kind, levels, sentence }: BarProps) {
  return (
    <figure class={`piece-bar ${kind}`}>
      <svg viewBox={`0 0 ${levels.length} 1`} preserveAspectRatio="none" aria-hidden="true">
        {LEVELS.map((level) => (
          <path key={level} class={`level-${level}`} d={levelPath(levels, level)} />
        ))}
      </svg>
      <figcaption data-testid={`pieces-${kind}`}>{sentence}</figcaption>
    </figure>
  );
}
