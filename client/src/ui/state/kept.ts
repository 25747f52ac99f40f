/** Which of the browser's small stores: `local` for the profile, `tab` for this tab. */
type Store = 'local' | 'tab';

/** A kept text; undefined where there is none or the browser keeps nothing (private windows may throw). */
export function readKept(store: Store, key: string): string | undefined {
  try {
    return storageOf(store).getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a text where the browser allows it. */
export function writeKept(store: Store, key: string, text: string): void {
  try {
    storageOf(store).setItem(key, text);
  } catch {
    // Not kept: only a preference is lost.
  }
}

function storageOf(store: Store): Storage {
  return store === 'local' ? localStorage : sessionStorage;
}
