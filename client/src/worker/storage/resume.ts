import { createStore, del, entries, get, set } from 'idb-keyval';
import { parseNodeId } from '../../../../shared/src/ids.ts';
import { type MetainfoErrorCode, isRefusal } from '../../swarm/metainfo-error.ts';
import type { TorrentOrigin } from '../../swarm/torrent-origin.ts';
import type { InfoHash } from '../../swarm/types.ts';
import { type TransferSettings, readSettings } from '../transfer-settings.ts';
import { readUploaded } from '../upload-count.ts';
import { StorageError } from './types.ts';

/** What a download needs to go on after a reload. Written only after a flush, so it never promises more than there is. */
export interface ResumeRecord extends TorrentOrigin {
  readonly infoHash: InfoHash;
  /** The magnet link's name, until the metadata is here. */
  readonly name: string;
  /** The .torrent file, once known. */
  readonly torrentFile: Uint8Array | undefined;
  /** Stored pieces, highest bit first. */
  readonly bitfield: Uint8Array | undefined;
  /** Files that its link selected, as `Magnet` has them; undefined for all. */
  readonly selected: readonly number[] | undefined;
  /** Why what peers sent for the link was refused: nobody has anything else, so nobody is asked again. */
  readonly refusal: MetainfoErrorCode | undefined;
  readonly settings: TransferSettings;
  /** Given to others so far, on all pages. [bytes] */
  readonly uploadedBytes: number;
  /** Grows with every write of the record. */
  readonly generation: number;
  readonly isPaused: boolean;
  /** Removed from the list with its data kept: not resumed by itself, but not downloaded twice. */
  readonly isParked: boolean;
}

/** The records of all downloads of the origin, in IndexedDB. Every method rejects when the browser refuses storage. */
export class ResumeRecords {
  readonly #store = createStore('skein-swarm', 'resume');

  async all(): Promise<ResumeRecord[]> {
    const found = await entries<string, unknown>(this.#store);
    return found.map(([, value]) => readRecord(value)).filter((record) => record !== undefined);
  }

  /** Whoever takes what cannot be read for nothing, and goes on, writes over it. Rejects with `StorageError`. */
  async read(infoHash: InfoHash): Promise<ResumeRecord | undefined> {
    try {
      return readRecord(await get<unknown>(infoHash, this.#store));
    } catch (error) {
      throw new StorageError(
        'storage-failed',
        'The browser could not read what this page noted of the download, which is kept. Reload the page to go on with it.',
        { cause: error },
      );
    }
  }

  /** There is a record under this name, whether or not this version can read it. */
  async has(name: string): Promise<boolean> {
    return (await get<unknown>(name, this.#store)) !== undefined;
  }

  async write(record: ResumeRecord): Promise<void> {
    await set(record.infoHash, record, this.#store);
  }

  async remove(infoHash: InfoHash): Promise<void> {
    await del(infoHash, this.#store);
  }
}

/** A stored value as a record; undefined when another version of the page wrote something else. */
export function readRecord(value: unknown): ResumeRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const field = new Map<string, unknown>(Object.entries(value));
  const infoHash = field.get('infoHash');
  const id = typeof infoHash === 'string' ? parseNodeId(infoHash) : undefined;
  const name = field.get('name');
  const trackers = field.get('trackers');
  const torrentFile = field.get('torrentFile');
  const bitfield = field.get('bitfield');
  const generation = field.get('generation');
  const refusal = field.get('refusal');
  const infoHashV2 = field.get('infoHashV2');
  if (id === undefined || typeof name !== 'string' || typeof generation !== 'number') return undefined;
  if (!Array.isArray(trackers)) return undefined;
  if (torrentFile !== undefined && !(torrentFile instanceof Uint8Array)) return undefined;
  if (bitfield !== undefined && !(bitfield instanceof Uint8Array)) return undefined;
  return {
    infoHash: id,
    name,
    trackers: readTexts(trackers),
    webSeeds: readTexts(field.get('webSeeds')),
    infoHashV2: typeof infoHashV2 === 'string' && /^[0-9a-f]{64}$/.test(infoHashV2) ? infoHashV2 : undefined,
    selected: readIndices(field.get('selected')),
    torrentFile,
    bitfield,
    refusal: isRefusal(refusal) ? refusal : undefined,
    settings: readSettings(field.get('settings')),
    uploadedBytes: readUploaded(field.get('uploadedBytes')),
    generation,
    isPaused: field.get('isPaused') === true,
    isParked: field.get('isParked') === true,
  };
}

function readTexts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

function readIndices(value: unknown): readonly number[] | undefined {
  return Array.isArray(value) ? value.filter((each) => Number.isSafeInteger(each)) : undefined;
}
