import { createStore, del, entries, get, set } from 'idb-keyval';
import { parseNodeId } from '../../../../shared/src/ids.ts';
import type { InfoHash } from '../../swarm/types.ts';
import { type TransferSettings, readSettings } from '../transfer-settings.ts';
import { readUploaded } from '../upload-count.ts';

/** One file of a share, as it was when it was hashed. */
export interface KeptFile {
  /** [bytes] */
  readonly size: number;
  /** [ms since the epoch] */
  readonly modifiedAt: number;
  /** The way back to it after a reload; undefined where the browser gave none. */
  readonly handle: FileSystemFileHandle | undefined;
}

/** What a share needs to come back after a reload. The files themselves stay where they are. */
export interface KeptShare {
  readonly infoHash: InfoHash;
  readonly torrentFile: Uint8Array;
  /** One for each file of the torrent; undefined for padding. */
  readonly files: readonly (KeptFile | undefined)[];
  readonly settings: TransferSettings;
  /** Given to others so far, on all pages. [bytes] */
  readonly uploadedBytes: number;
}

/** The shares of all tabs of the origin, in IndexedDB. Every method rejects when the browser refuses storage. */
export class KeptShareRecords {
  readonly #store = createStore('skein-shares', 'shares');

  async all(): Promise<KeptShare[]> {
    const found = await entries<string, unknown>(this.#store);
    return found.map(([, value]) => readKeptShare(value)).filter((share) => share !== undefined);
  }

  async read(infoHash: InfoHash): Promise<KeptShare | undefined> {
    return readKeptShare(await get<unknown>(infoHash, this.#store));
  }

  async write(share: KeptShare): Promise<void> {
    await set(share.infoHash, share, this.#store);
  }

  async remove(infoHash: InfoHash): Promise<void> {
    await del(infoHash, this.#store);
  }
}

/** A stored value as a share; undefined when another version of the page wrote something else. */
export function readKeptShare(value: unknown): KeptShare | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const field = new Map<string, unknown>(Object.entries(value));
  const infoHash = field.get('infoHash');
  const id = typeof infoHash === 'string' ? parseNodeId(infoHash) : undefined;
  const torrentFile = field.get('torrentFile');
  const files = field.get('files');
  if (id === undefined || !(torrentFile instanceof Uint8Array) || !Array.isArray(files)) return undefined;
  return {
    infoHash: id,
    torrentFile,
    files: files.map(readFile),
    settings: readSettings(field.get('settings')),
    uploadedBytes: readUploaded(field.get('uploadedBytes')),
  };
}

function readFile(value: unknown): KeptFile | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const field = new Map<string, unknown>(Object.entries(value));
  const size = field.get('size');
  const modifiedAt = field.get('modifiedAt');
  const handle = field.get('handle');
  if (typeof size !== 'number' || typeof modifiedAt !== 'number') return undefined;
  const isHandle = typeof FileSystemFileHandle !== 'undefined' && handle instanceof FileSystemFileHandle;
  return { size, modifiedAt, handle: isHandle ? handle : undefined };
}
