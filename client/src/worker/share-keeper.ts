import { encodeTorrentFile } from '../swarm/metainfo.ts';
import type { InfoHash, Metainfo } from '../swarm/types.ts';
import { knownMetainfo } from './download-plan.ts';
import type { SharedFile } from './protocol.ts';
import { type ShareWait, reopenFiles } from './storage/kept-files.ts';
import type { KeptShare, KeptShareRecords } from './storage/kept-shares.ts';
import { type HeldLock, takeLock } from './storage/lock.ts';
import type { TransferSettings } from './transfer-settings.ts';
import { Turns } from './turns.ts';

/** Files of one share whose handles are kept. [files] Each is a record of the browser's; a folder of more must be dropped again. */
const MAX_KEPT_HANDLES = 1_000;

/** A share of an earlier page that came back, or that waits for its person. */
export interface ReturnedShare {
  readonly metainfo: Metainfo;
  /** In place, one for each file of the torrent that has bytes of its own; undefined while it waits. */
  readonly sources: readonly (File | undefined)[] | undefined;
  readonly wait: ShareWait | undefined;
  /** What the person must allow the page to read again. */
  readonly handles: readonly FileSystemFileHandle[];
  readonly settings: TransferSettings;
}

/** Where shares are recorded. */
export type ShareRecords = Pick<KeptShareRecords, 'all' | 'read' | 'write' | 'remove'>;

/** What the keeper tells its table. */
export type OnReturned = (share: ReturnedShare) => Promise<void>;

/** Remembers what this profile shares, so that it is served again after a reload, by one tab at a time. */
export class ShareKeeper {
  readonly #records: ShareRecords;
  readonly #onReturned: OnReturned;
  /** Shares that are this tab's, and those it waits for. BOUNDED: by what the person shares. */
  readonly #mine = new Map<InfoHash, { readonly ending: AbortController; lock: HeldLock | undefined }>();
  /** Shares that came back and wait for their person. BOUNDED: by what the person shares. */
  readonly #waiting = new Set<InfoHash>();
  /** Changes of records: what a person sets at once after sharing comes after the record that it changes. */
  readonly #writes = new Turns();

  constructor(records: ShareRecords, onReturned: OnReturned) {
    this.#records = records;
    this.#onReturned = onReturned;
  }

  /** Takes up what an earlier page shared, as soon as no other tab does. */
  async open(): Promise<void> {
    const kept = await this.#records.all().catch(() => []);
    for (const { infoHash } of kept) {
      // Given again before this page had looked.
      if (this.#mine.has(infoHash)) continue;
      void this.#claim(infoHash).then(async (isMine) => {
        // The tab that had it may have stopped sharing it.
        const newest = isMine ? await this.#read(infoHash) : undefined;
        if (newest) await this.#return(newest);
        else if (isMine) this.#release(infoHash);
      });
    }
  }

  /** This tab shares it from now on, and the next page will. `files` are in the order of the torrent's, without padding. */
  async keep(
    metainfo: Metainfo,
    files: readonly (SharedFile | undefined)[],
    settings: TransferSettings,
  ): Promise<void> {
    const { infoHash } = metainfo;
    this.#waiting.delete(infoHash);
    const hasHandles = files.length <= MAX_KEPT_HANDLES;
    const kept = files.map(
      (shared) =>
        shared && {
          size: shared.file.size,
          modifiedAt: shared.file.lastModified,
          handle: hasHandles ? shared.handle : undefined,
        },
    );
    if (!this.#mine.has(infoHash)) void this.#claim(infoHash);
    const share = { infoHash, torrentFile: encodeTorrentFile(metainfo), files: kept, settings };
    await this.#writes.take(infoHash, () => this.#write(share));
  }

  /** The person changed how it is shared, if this tab shares it. */
  async change(infoHash: InfoHash, settings: TransferSettings): Promise<void> {
    if (!this.#mine.has(infoHash)) return;
    await this.#writes.take(infoHash, async () => {
      const kept = await this.#read(infoHash);
      if (kept) await this.#write({ ...kept, settings: { ...kept.settings, ...settings } });
    });
  }

  /** What the person has set for it, on an earlier page too. Nothing is set of what is not shared. */
  async settings(infoHash: InfoHash): Promise<TransferSettings> {
    return (await this.#newest(infoHash))?.settings ?? {};
  }

  isWaiting(infoHash: InfoHash): boolean {
    return this.#waiting.has(infoHash);
  }

  /** The person allowed it, or hopes that the files are as they were. */
  async retry(infoHash: InfoHash): Promise<void> {
    const share = this.#waiting.has(infoHash) ? await this.#newest(infoHash) : undefined;
    if (share) await this.#return(share);
  }

  /** The person stopped it: it does not come back. */
  async forget(infoHash: InfoHash): Promise<void> {
    this.#waiting.delete(infoHash);
    if (this.#mine.has(infoHash)) {
      await this.#writes.take(infoHash, () => this.#records.remove(infoHash).catch(() => undefined));
    }
    this.#release(infoHash);
  }

  close(): void {
    for (const infoHash of [...this.#mine.keys()]) this.#release(infoHash);
  }

  async #return(share: KeptShare): Promise<void> {
    const metainfo = knownMetainfo(share.torrentFile);
    if (!metainfo) {
      await this.forget(share.infoHash);
      return;
    }
    const found = await reopenFiles(share.files);
    const isHere = 'sources' in found;
    if (isHere) this.#waiting.delete(share.infoHash);
    else this.#waiting.add(share.infoHash);
    await this.#onReturned({
      metainfo,
      sources: isHere ? found.sources : undefined,
      wait: isHere ? undefined : found.wait,
      handles: share.files.map((file) => file?.handle).filter((handle) => handle !== undefined),
      settings: share.settings,
    });
  }

  /** Waits until the share is this tab's. False when that was given up. */
  async #claim(infoHash: InfoHash): Promise<boolean> {
    const claim = { ending: new AbortController(), lock: undefined as HeldLock | undefined };
    this.#mine.set(infoHash, claim);
    claim.lock = await takeLock(`share/${infoHash}`, undefined, claim.ending.signal);
    return claim.lock !== undefined;
  }

  /** The record, with all that was changed so far. */
  async #newest(infoHash: InfoHash): Promise<KeptShare | undefined> {
    return await this.#writes.take(infoHash, () => this.#read(infoHash));
  }

  async #read(infoHash: InfoHash): Promise<KeptShare | undefined> {
    return await this.#records.read(infoHash).catch(() => undefined);
  }

  /** A browser that refuses costs the return after a reload, nothing else. */
  async #write(share: KeptShare): Promise<void> {
    await this.#records.write(share).catch(() => undefined);
  }

  #release(infoHash: InfoHash): void {
    const claim = this.#mine.get(infoHash);
    this.#mine.delete(infoHash);
    claim?.ending.abort();
    claim?.lock?.release();
  }
}
