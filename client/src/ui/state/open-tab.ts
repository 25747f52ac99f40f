import { computed } from '@preact/signals';
import { canLoadTab } from '../view/new-tab.ts';
import { isOffline, phase, status } from './session.ts';

/** Another tab of this page would load now. */
export const canOpenTab = computed(() =>
  canLoadTab({ phase: phase.value, status: status.value, isOffline: isOffline.value }),
);

/** Opens the page once more. `noopener` gives the new tab its own empty session, and so an identity of its own. */
export function openTab(): void {
  const url = new URL(location.href);
  url.hash = '';
  url.searchParams.delete('name');
  open(url, '_blank', 'noopener');
}
