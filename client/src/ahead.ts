/** Code that did not come is asked for again after this long. [ms] Rarely: a server that is gone may stay so. */
const RETRY_MS = 10_000;

/** What waits for an idle moment waits this long at most. [ms] A page that nobody looks at may have none. */
const IDLE_PATIENCE_MS = 5_000;

/** Without `requestIdleCallback`: how long until the page has surely drawn what it was about to. [ms] */
const QUIET_MS = 1_000;

/**
 * Fetches code that waits for something to be done, once the page has nothing better to do, so that it can be done after
 * the server is gone, too. What does not come is asked for until `isOver`. Never rejects.
 */
export function fetchAhead(loads: readonly (() => Promise<unknown>)[], isOver: () => boolean): void {
  const fetchAll = async (): Promise<void> => {
    const missing: (() => Promise<unknown>)[] = [];
    for (const load of isOver() ? [] : loads) await load().catch(() => missing.push(load));
    if (missing.length > 0) setTimeout(fetchAhead, RETRY_MS, missing, isOver);
  };
  if ('requestIdleCallback' in globalThis) requestIdleCallback(() => void fetchAll(), { timeout: IDLE_PATIENCE_MS });
  else setTimeout(() => void fetchAll(), QUIET_MS);
}
