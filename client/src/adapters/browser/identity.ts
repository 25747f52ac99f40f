import { utf8Encode } from '../../../../shared/src/bytes.ts';
import { KEY_BYTES } from '../../../../shared/src/ids.ts';
import { MAX_NAME_BYTES } from '../../../../shared/src/limits/links.ts';
import type { Crypto } from '../../ports/crypto.ts';
import type { KeyValueStore } from '../../ports/key-value.ts';
import type { PortableKeys } from '../portable/portable-crypto.ts';
import { idbStore } from './idb-store.ts';
import { makeName } from './names.ts';
import { browserRng } from './rng.ts';
import { WebCrypto, type WebKeys, generateWebKeys } from './webcrypto.ts';

/** Where the saved identity lies in the store, what its Web Lock is called, and the tab's note of its page that held the lock. */
const IDENTITY_KEY = 'identity';
const LOCK_NAME = 'skein identity';
const OWNER_NOTE = 'skein owns the identity';

/** How long a reloaded tab waits for the lock that its own former page still holds. [ms] Chromium frees it within 50. */
const RELOAD_WAIT_MS = 300;

/** Who this tab is. */
export interface Identity {
  readonly crypto: Crypto;
  /** True when the keys are those of the browser profile, kept over reload and restart. */
  readonly isSaved: boolean;
  readonly name: string;
  /** Keeps a new name with a saved identity; nothing happens otherwise. Never rejects. */
  readonly saveName: (name: string) => Promise<void>;
  /** Lets another tab claim the saved identity. */
  readonly release: () => void;
}

/** What `loadIdentity` needs of the browser; every part may be missing. */
export interface IdentityParts {
  readonly storage: 'persistent' | 'memory';
  readonly store?: KeyValueStore;
  readonly locks?: Pick<LockManager, 'request'> | undefined;
  readonly session?: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined;
}

type SavedKeys = ({ readonly kind: 'web' } & WebKeys) | ({ readonly kind: 'portable' } & PortableKeys);
type Saved = SavedKeys & { readonly name: string };

/**
 * The identity of this tab. The first tab of a browser profile claims the saved one with a lock that it holds for the
 * life of the page; every further tab gets keys and a name of its own, in memory, and is a peer of its own.
 * Never rejects: where the browser keeps nothing, the identity is fresh.
 */
export async function loadIdentity(parts: IdentityParts): Promise<Identity> {
  const session = 'session' in parts ? parts.session : sessionStore();
  const locks = 'locks' in parts ? parts.locks : (globalThis.navigator?.locks as LockManager | undefined);
  const release = parts.storage === 'persistent' && locks ? await claim(locks, session) : undefined;
  if (!release) return freshIdentity();
  try {
    return await savedIdentity(parts.store ?? idbStore(), release);
  } catch {
    release();
    return freshIdentity();
  }
}

/** Takes the lock of the saved identity. Resolves to what gives it back, or undefined when another tab holds it. */
async function claim(
  locks: Pick<LockManager, 'request'>,
  session: IdentityParts['session'],
): Promise<(() => void) | undefined> {
  const page = String(performance.timeOrigin);
  const owner = session?.getItem(OWNER_NOTE);
  const release =
    (await holdLock(locks, { ifAvailable: true })) ??
    (owner ? await holdLock(locks, { signal: AbortSignal.timeout(RELOAD_WAIT_MS) }) : undefined);
  try {
    if (release) session?.setItem(OWNER_NOTE, page);
    // A further node of the page that holds it leaves the note to the first; a copy of its tab has it from there.
    else if (owner !== page) session?.removeItem(OWNER_NOTE);
  } catch {
    // No room for it: after a reload it may be another tab that has the identity.
  }
  return release;
}

function holdLock(locks: Pick<LockManager, 'request'>, options: LockOptions): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    const hold = (lock: Lock | null): Promise<void> | undefined => {
      if (lock) return new Promise<void>((release) => resolve(release));
      resolve(undefined);
      return undefined;
    };
    locks.request(LOCK_NAME, options, hold).catch(() => resolve(undefined));
  });
}

async function savedIdentity(store: KeyValueStore, release: () => void): Promise<Identity> {
  const stored = await store.get(IDENTITY_KEY);
  let saved = parseSaved(stored);
  let crypto = saved && (await openKeys(saved).catch(() => undefined));
  if (!saved || !crypto) {
    saved = { ...(await generateKeys()), name: nameIn(stored) ?? makeName(browserRng) };
    crypto = await openKeys(saved);
    await store.set(IDENTITY_KEY, saved);
  }
  const keys = saved;
  const saveName = async (name: string): Promise<void> => {
    if (isName(name)) await store.set(IDENTITY_KEY, { ...keys, name }).catch(() => undefined);
  };
  return { crypto, isSaved: true, name: saved.name, saveName, release };
}

async function freshIdentity(): Promise<Identity> {
  const crypto = await openKeys(await generateKeys());
  const nothing = (): void => undefined;
  return { crypto, isSaved: false, name: makeName(browserRng), saveName: async () => undefined, release: nothing };
}

async function generateKeys(): Promise<SavedKeys> {
  const web = await generateWebKeys();
  if (web) return { kind: 'web', ...web };
  const { generatePortableKeys } = await import('../portable/portable-crypto.ts');
  return { kind: 'portable', ...generatePortableKeys() };
}

async function openKeys(keys: SavedKeys): Promise<Crypto> {
  if (keys.kind === 'web') return new WebCrypto(keys);
  const { PortableCrypto } = await import('../portable/portable-crypto.ts');
  return new PortableCrypto(keys);
}

/** What the store holds, checked: another version of the page may have written it. */
function parseSaved(value: unknown): Saved | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, publicKey, sign, unseal, seed } = value as Record<string, unknown>;
  const name = nameIn(value);
  if (name === undefined) return undefined;
  if (kind === 'web' && isKeyBytes(publicKey) && isKey(sign) && isKey(unseal))
    return { kind, name, publicKey, sign, unseal };
  if (kind === 'portable' && isKeyBytes(seed)) return { kind, name, seed };
  return undefined;
}

/** The name is kept even where the keys beside it are of another version's form. */
function nameIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('name' in value)) return undefined;
  return typeof value.name === 'string' && isName(value.name) ? value.name : undefined;
}

function isName(name: string): boolean {
  return name.length > 0 && utf8Encode(name).length <= MAX_NAME_BYTES;
}

function isKey(value: unknown): value is CryptoKey {
  return typeof CryptoKey === 'function' && value instanceof CryptoKey && value.type === 'private';
}

function isKeyBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === KEY_BYTES;
}

/** Undefined where the browser blocks site data: merely touching it throws there. */
function sessionStore(): Storage | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}
