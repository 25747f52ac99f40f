import { isCalling } from './state/calls.ts';
import { isTransferring } from './state/transfers.ts';

/** Asks before the tab is closed while something would be cut off. */
export function guardClosing(): void {
  addEventListener('beforeunload', (event) => {
    if (isTransferring() || isCalling()) event.preventDefault();
  });
}
