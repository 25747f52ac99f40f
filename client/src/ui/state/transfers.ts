import { type Signal, computed, signal } from '@preact/signals';
import { MAX_TORRENT_FILE_BYTES } from '../../../../shared/src/limits/metainfo.ts';
import type { Download, DownloadOptions, Node, Share, ShareOptions } from '../../index.ts';
import { errorCode, errorText } from '../view/errors.ts';
import { percentOf } from '../view/format.ts';
import { plainText } from '../../../../shared/src/plain-text.ts';
import { dependentPeers } from '../view/needed.ts';
import { type FileLink, magnetFor, sourceFromText } from '../view/hash-link.ts';
import type { DroppedFiles } from '../files/dropped-files.ts';
import { restoreLimits } from './limits.ts';
import { announce, pushNotice } from './notices.ts';
import { node } from './session.ts';
import { second, throttled } from './ticker.ts';

/** What this node shares and downloads, newest first. BOUNDED: by what the person adds. */
export const shares = signal<readonly Share[]>([]);
export const downloads = signal<readonly Download[]>([]);

/** A share whose pieces are being hashed. */
export interface Preparing {
  /** Another one for each. */
  readonly id: number;
  readonly label: string;
  /** Whole percent that is done. */
  readonly percent: Signal<number>;
  readonly cancel: () => void;
}

/** Shares whose pieces are being hashed now. BOUNDED: by what the person drops at once. */
export const preparing = signal<readonly Preparing[]>([]);

let nextPreparing = 0;

/** The info-hash to bring into view next: the one a link opened. */
export const spotlight = signal<string | undefined>();

/** Rates of everything together. [bytes/s] */
export const totals = computed(() => {
  void second.value;
  const all = [...shares.value, ...downloads.value].map((item) => item.progress);
  return {
    down: all.reduce((sum, progress) => sum + progress.downBytesPerSecond, 0),
    up: all.reduce((sum, progress) => sum + progress.upBytesPerSecond, 0),
  };
});

/** True while closing the tab would cut something off: a download or a share under way, or peers that depend on it. */
export function isNeeded(): boolean {
  const isBusy = ({ state }: Download): boolean => state === 'downloading' || state === 'checking';
  if (downloads.value.some(isBusy) || preparing.value.length > 0) return true;
  return [...shares.value, ...downloads.value].some(
    (item) => !item.isPaused && dependentPeers(item.peers(), item.progress.webSeeds) > 0,
  );
}

/** Keeps `shares` and `downloads` as the node has them. */
export function watchTransfers(running: Node): void {
  running.on('share', syncSoon);
  running.on('download', (download) => watchDownload(download));
  for (const download of running.downloads) watchDownload(download);
  restoreLimits(running);
  syncTransfers();
}

/** Reads again what the node shares and downloads. */
export function syncTransfers(): void {
  if (!node.value) return;
  shares.value = node.value.shares.toReversed();
  downloads.value = node.value.downloads.filter(({ state }) => state !== 'removed').toReversed();
}

/** The same at the page's pace: a library comes back share by share, and each reading draws all rows anew. */
const syncSoon = throttled(syncTransfers);

/** Shares what was dropped, pasted or chosen; torrent files are opened as downloads instead. */
export async function addFiles(dropped: DroppedFiles): Promise<void> {
  const running = node.value;
  if (dropped.files.length === 0) return;
  if (!running) {
    const text = 'The page is no part of the network yet. Drop the files again once it is.';
    return pushNotice({ key: 'share', kind: 'error', title: 'Nothing is shared yet', text });
  }
  const torrents = dropped.files.filter(({ name }) => /\.torrent$/i.test(name));
  if (torrents.length < dropped.files.length) return shareFiles(running, dropped);
  for (const torrent of torrents) await openTorrent(torrent);
}

/** Never rejects. One byte more than a torrent file may have shows that it is too large; a film may call itself one. */
async function openTorrent(torrent: File): Promise<void> {
  const failure = 'The torrent file could not be opened';
  try {
    open(new Uint8Array(await torrent.slice(0, MAX_TORRENT_FILE_BYTES + 1).arrayBuffer()), failure);
  } catch {
    const text = `“${torrent.name}” could not be read: it was moved or deleted, or this browser may not read it. Choose it again.`;
    pushNotice({ key: 'open', kind: 'error', title: failure, text });
  }
}

/** Starts a download from a pasted text. Returns what is wrong with it, or undefined. */
export function openText(text: string): string | undefined {
  const source = sourceFromText(text);
  if (source === undefined) return 'This is not a share link, a magnet link or an info-hash. Paste one of these.';
  try {
    return startDownload(source);
  } catch (error) {
    return errorText(error);
  }
}

/** Starts the download that the page's address asks for. */
export function openFileLink({ infoHash, name, webSeeds }: FileLink): void {
  spotlight.value = infoHash;
  const isHere = shares.value.some((share) => share.infoHash === infoHash);
  // One that was refused is not begun anew with every load of the page.
  const isRefused = downloads.value.some((each) => each.infoHash === infoHash && each.error?.code === 'bad-metainfo');
  if (!isHere && !isRefused) openLink(magnetFor(infoHash, name, webSeeds));
}

/** Starts the download of a magnet link, anew if it was refused. */
export function openLink(magnet: string): void {
  open(magnet, 'The link could not be opened');
}

function open(source: string | Uint8Array, failure: string): void {
  const tell = (text: string): void => pushNotice({ key: 'open', kind: 'error', title: failure, text });
  try {
    startDownload(source, { onRefused: (error) => tell(`${error.message} What is here goes on as it was.`) });
  } catch (error) {
    tell(errorText(error));
  }
}

function startDownload(source: string | Uint8Array, options?: DownloadOptions): string | undefined {
  if (!node.value) return 'The page is no part of the network yet. Open the link again once it is.';
  const download = node.value.download(source, options);
  watchDownload(download);
  spotlight.value = download.infoHash;
  return undefined;
}

async function shareFiles(running: Node, { files, name, handles }: DroppedFiles): Promise<void> {
  const label = name ?? files[0]?.name ?? 'files';
  const stop = new AbortController();
  const mine: Preparing = { id: nextPreparing++, label, percent: signal(0), cancel: () => stop.abort() };
  preparing.value = [...preparing.value, mine];
  const onProgress: ShareOptions['onProgress'] = ({ doneBytes, totalBytes }) => {
    mine.percent.value = percentOf(doneBytes, totalBytes, false);
  };
  try {
    const options = {
      onProgress,
      signal: stop.signal,
      ...(name !== undefined && { name }),
      ...(handles && { handles }),
    };
    const share = await running.share(files, options);
    spotlight.value = share.infoHash;
    announce(`${plainText(share.name)} is shared`);
  } catch (error) {
    if (errorCode(error) === 'aborted') {
      announce(`Sharing of ${plainText(label)} is cancelled`);
      return;
    }
    const title = errorCode(error) === 'storage-full' ? 'There is no room for these files' : `“${label}” is not shared`;
    pushNotice({ key: 'share', kind: 'error', title, text: errorText(error) });
  } finally {
    preparing.value = preparing.value.filter((other) => other !== mine);
    syncTransfers();
  }
}

/** Downloads whose end is awaited already: `download` gives the same one for the same info-hash. */
const watched = new WeakSet<Download>();

function watchDownload(download: Download): void {
  if (!watched.has(download)) {
    watched.add(download);
    download.on('state', () => {
      syncSoon();
      if (download.state === 'done') announce(`${plainText(download.name)} is downloaded`);
    });
  }
  syncSoon();
}
