import type { StatusFacts } from './status-words.ts';

/**
 * Whether a new tab of this page would load, as far as is known: its code comes from the server, which no tab stands in for.
 * True while the server is only being connected to, as it has just given this tab the page.
 */
export function canLoadTab({ phase, status, isOffline }: Pick<StatusFacts, 'phase' | 'status' | 'isOffline'>): boolean {
  return phase !== 'failed' && !isOffline && status?.server !== 'lost';
}
