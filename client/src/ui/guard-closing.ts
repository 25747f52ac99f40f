import { isSaving } from './files/saving.ts';
import { isCalling } from './state/calls.ts';
import { isNeeded } from './state/transfers.ts';

/** Asks before the tab is closed while something would be cut off. */
export function guardClosing(): void {
  addEventListener('beforeunload', (event) => {
    if (isNeeded() || isSaving() || isCalling()) event.preventDefault();
  });
}
