import { totals } from '../state/transfers.ts';
import { formatRate } from '../view/format.ts';
import { Icon } from '../widgets/icon.tsx';

/** What comes in and goes out now, over all files. */
export function Totals() {
  const { down, up } = totals.value;
  return (
    <div class="totals" role="group" aria-label="Transfer rates">
      <span class={down > 0 ? '' : 'idle'} title="Coming in">
        <Icon name="down" />
        <span class="sr-only">Coming in </span>
        {formatRate(down)}
      </span>
      <span class={up > 0 ? '' : 'idle'} title="Going out">
        <Icon name="up" />
        <span class="sr-only">Going out </span>
        {formatRate(up)}
      </span>
    </div>
  );
}
