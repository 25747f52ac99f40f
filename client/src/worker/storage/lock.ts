/** A torrent's files are this tab's alone while the lock is held. */
export interface HeldLock {
  release(): void;
}

/**
 * Takes the lock of `name` among all tabs of the origin, or gives undefined when another tab still holds it after
 * `patienceMs` (undefined: however long that takes), or when `signal` is aborted. The browser frees it when the tab goes
 * away, however that happens.
 */
export async function takeLock(
  name: string,
  patienceMs: number | undefined,
  signal?: AbortSignal,
): Promise<HeldLock | undefined> {
  if (signal?.aborted) return undefined;
  const patience = new AbortController();
  const timer = patienceMs === undefined ? undefined : setTimeout(() => patience.abort(), patienceMs);
  signal?.addEventListener('abort', () => patience.abort());
  return await new Promise((resolve) => {
    const giveUp = (): void => {
      clearTimeout(timer);
      resolve(undefined);
    };
    // Chromium 156 forgets an abort that comes in the task of the request itself, and keeps the request waiting:
    // the wait ends here all the same, and a lock that is granted too late is let go at once.
    patience.signal.addEventListener('abort', giveUp);
    navigator.locks
      .request(`skein/torrent/${name}`, { signal: patience.signal }, async () => {
        if (patience.signal.aborted) return;
        clearTimeout(timer);
        await new Promise<void>((release) => resolve({ release }));
      })
      .catch(giveUp);
  });
}
