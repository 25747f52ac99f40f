import { createStore, del, get, keys, set } from 'idb-keyval';
import type { KeyValueStore } from '../../ports/key-value.ts';

/**
 * The persistent store of this origin in IndexedDB. Opening is put off to the first use; every call rejects where the
 * browser forbids storage (private windows of some browsers, blocked site data).
 */
export function idbStore(database = 'skein'): KeyValueStore {
  let store: ReturnType<typeof createStore> | undefined;
  const opened = (): ReturnType<typeof createStore> => (store ??= createStore(database, 'values'));
  return {
    get: async (key): Promise<unknown> => get<unknown>(key, opened()),
    set: async (key, value) => set(key, value, opened()),
    remove: async (key) => del(key, opened()),
    keys: async () => (await keys<IDBValidKey>(opened())).filter((key) => typeof key === 'string'),
  };
}
