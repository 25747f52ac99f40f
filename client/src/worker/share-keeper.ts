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
  /** Given to others so far, on all pages. [bytes] */
  readonly uploadedBytes: number;
}

/** Where shares are recorded. */
export type ShareRecords = Pick<KeptShareRecords, 'all' | 'read' | 'write' | 'remove'>;

/** What the keeper tells its table. */
export type OnReturned = (share: ReturnedShare) => Promise<void>;

/** A share that is this tab's, or that it waits for. */
interface Claim {
  readonly ending: AbortController;
  /** Undefined while another tab has it. Only the tab that has it touches the record. */
  lock: HeldLock | undefined;
  /** What this tab shares, until it is recorded. */
  unwritten: KeptShare | undefined;
}

/**
 * Remembers what this profile shares, so that it is served again after a reload, by one tab at a time. Where several tabs
 * share the same, the record is that of one of them, and the next one's once that has stopped.
 */
export class ShareKeeper {
  readonly #records: ShareRecords;
  readonly #onReturned: OnReturned;
  /** BOUNDED: by what the person shares. */
  readonly #claims = new Map<InfoHash, Claim>();
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
    // What was given again before this page had looked is claimed already.
    for (const { infoHash } of kept) if (!this.#claims.has(infoHash)) this.#claim(infoHash, undefined);
  }

  /**
   * This tab shares it from now on, and the next page will: it is recorded as soon as the record is this tab's. `files` are
   * in the order of the torrent's, without padding; `uploadedBytes` were given to others before.
   */
  async keep(
    metainfo: Metainfo,
    files: readonly (SharedFile | undefined)[],
    settings: TransferSettings,
    uploadedBytes = 0,
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
    const share = { infoHash, torrentFile: encodeTorrentFile(metainfo), files: kept, settings, uploadedBytes };
    const claim = this.#claims.get(infoHash);
    if (claim) claim.unwritten = share;
    else this.#claim(infoHash, share);
    await this.#writes.take(infoHash, () => this.#record(infoHash));
  }

  /** The person changed how it is shared, if this tab shares it. */
  async change(infoHash: InfoHash, settings: TransferSettings): Promise<void> {
    await this.#update(infoHash, (kept) => ({ ...kept, settings: { ...kept.settings, ...settings } }));
  }

  /** So much was given to others, on all pages, if this tab shares it. */
  async gave(infoHash: InfoHash, uploadedBytes: number): Promise<void> {
    await this.#update(infoHash, (kept) => ({ ...kept, uploadedBytes }));
  }

  /** What the person has set for it, on an earlier page too. Nothing is set of what is not shared. */
  async settings(infoHash: InfoHash): Promise<TransferSettings> {
    return (await this.#newest(infoHash))?.settings ?? {};
  }

  /** What was given to others of it, on all pages. */
  async given(infoHash: InfoHash): Promise<number> {
    return (await this.#newest(infoHash))?.uploadedBytes ?? 0;
  }

  /** This tab shares it, or waits to. */
  has(infoHash: InfoHash): boolean {
    return this.#claims.has(infoHash);
  }

  isWaiting(infoHash: InfoHash): boolean {
    return this.#waiting.has(infoHash);
  }

  /** The person allowed it, or hopes that the files are as they were. */
  async retry(infoHash: InfoHash): Promise<void> {
    if (this.#waiting.has(infoHash)) await this.tryAgain(infoHash);
  }

  /** What stood in the place of the share is gone: it is served, or waits for its person. */
  async tryAgain(infoHash: InfoHash): Promise<void> {
    const share = this.#claims.get(infoHash)?.lock && (await this.#newest(infoHash));
    if (share) await this.#return(share);
  }

  /** The person stopped it: it does not come back, unless another tab shares it too. */
  async forget(infoHash: InfoHash): Promise<void> {
    this.#waiting.delete(infoHash);
    const claim = this.#claims.get(infoHash);
    if (claim) claim.unwritten = undefined;
    await this.#writes.take(infoHash, async () => {
      if (claim?.lock) await this.#records.remove(infoHash).catch(() => undefined);
    });
    if (claim) this.#release(infoHash, claim);
  }

  close(): void {
    for (const [infoHash, claim] of [...this.#claims]) this.#release(infoHash, claim);
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
      uploadedBytes: share.uploadedBytes,
    });
  }

  /** Waits until the share is this tab's; then records it, or takes up what the record says. */
  #claim(infoHash: InfoHash, unwritten: KeptShare | undefined): void {
    const claim: Claim = { ending: new AbortController(), lock: undefined, unwritten };
    this.#claims.set(infoHash, claim);
    void takeLock(`share/${infoHash}`, undefined, claim.ending.signal).then(async (lock) => {
      if (this.#claims.get(infoHash) !== claim) return lock?.release();
      claim.lock = lock;
      if (claim.unwritten) return await this.#writes.take(infoHash, () => this.#record(infoHash));
      // The tab that had it may have stopped sharing it.
      const newest = await this.#newest(infoHash);
      if (newest && this.#claims.get(infoHash) === claim) return await this.#return(newest);
      return this.#release(infoHash, claim);
    });
  }

  async #update(infoHash: InfoHash, changed: (kept: KeptShare) => KeptShare): Promise<void> {
    await this.#writes.take(infoHash, async () => {
      const claim = this.#claims.get(infoHash);
      const kept = claim?.unwritten ?? (claim?.lock && (await this.#read(infoHash)));
      if (claim && kept) claim.unwritten = changed(kept);
      await this.#record(infoHash);
    });
  }

  /** Writes what is unwritten, if the record is this tab's. A browser that refuses costs the return after a reload, nothing else. */
  async #record(infoHash: InfoHash): Promise<void> {
    const claim = this.#claims.get(infoHash);
    if (!claim?.lock || !claim.unwritten) return;
    const share = claim.unwritten;
    claim.unwritten = undefined;
    await this.#records.write(share).catch(() => undefined);
  }

  /** The record, with all that was changed so far. */
  async #newest(infoHash: InfoHash): Promise<KeptShare | undefined> {
    return await this.#writes.take(
      infoHash,
      async () => this.#claims.get(infoHash)?.unwritten ?? (await this.#read(infoHash)),
    );
  }

  async #read(infoHash: InfoHash): Promise<KeptShare | undefined> {
    return await this.#records.read(infoHash).catch(() => undefined);
  }

  #release(infoHash: InfoHash, claim: Claim): void {
    if (this.#claims.get(infoHash) === claim) this.#claims.delete(infoHash);
    claim.ending.abort();
    claim.lock?.release();
  }
}
