/** Stands for `idb-keyval` in tests: databases that live as long as the test file. */

type Store = Map<string, unknown>;

/** BOUNDED: by the test. */
const stores = new Map<string, Store>();

export function createStore(database: string, name: string): Store {
  const key = `${database}/${name}`;
  const store = stores.get(key) ?? new Map<string, unknown>();
  stores.set(key, store);
  return store;
}

let isRefusing = false;
let isKeeping = false;

/** Whether nothing can be read for now. */
export function refuseReads(isSo: boolean): void {
  isRefusing = isSo;
}

/** Whether nothing can be deleted for now. */
export function refuseDeletions(isSo: boolean): void {
  isKeeping = isSo;
}

/** Every database is empty from now on. */
export function clearAll(): void {
  isRefusing = false;
  isKeeping = false;
  for (const store of stores.values()) store.clear();
}

export function entries(store: Store): Promise<[string, unknown][]> {
  return Promise.resolve([...store]);
}

export function get(key: string, store: Store): Promise<unknown> {
  if (isRefusing) return Promise.reject(new DOMException('the connection is lost', 'InvalidStateError'));
  return Promise.resolve(store.get(key));
}

export function set(key: string, value: unknown, store: Store): Promise<void> {
  store.set(key, value);
  return Promise.resolve();
}

export function del(key: string, store: Store): Promise<void> {
  if (isKeeping) return Promise.reject(new DOMException('the connection is lost', 'InvalidStateError'));
  store.delete(key);
  return Promise.resolve();
}
