import type { Download, Share, SkeinErrorCode, SwarmProgress, TrackerProgress, WebSeedProgress } from '../../index.ts';
import { formatBytes, formatRate, formatRatio } from './format.ts';
import { displayName } from './people.ts';
import { plural } from './plural.ts';

/** The state of a download in one or two words. */
export function downloadWord(
  download: Pick<Download, 'state' | 'progress' | 'isPaused'>,
  hasMetadata: boolean,
): string {
  const { peers, sources, webSeeds } = download.progress;
  switch (download.state) {
    case 'finding':
      if (hasMetadata) return 'Waiting for a source';
      return peers > 0 ? 'Getting the details' : 'Finding peers';
    case 'checking':
      return 'Checking what is here';
    case 'downloading':
      return sources + givingCount(webSeeds) > 0 ? 'Downloading' : 'Waiting for a source';
    case 'paused':
      return 'Paused';
    case 'done':
      return download.isPaused ? 'Done, not shared' : 'Done';
    case 'failed':
      return 'Stopped';
    case 'removed':
      return 'Removed';
  }
}

/** The state of a share; where it waits for its person, what that must do. */
export function shareWord({
  isPaused,
  waitsFor,
  isSuperSeeding,
  error,
}: Pick<Share, 'isPaused' | 'waitsFor' | 'isSuperSeeding' | 'error'>): string {
  switch (waitsFor) {
    case 'permission':
      return 'Press resume to let this page read the files again';
    case 'files':
      return 'Drop the files again to go on sharing';
    case 'changed':
      return 'Not shared: the files were changed. Share them anew';
    case undefined:
      if (error) return 'Stopped';
      if (isPaused) return 'Paused';
      return isSuperSeeding ? 'Super-seeding' : 'Sharing';
  }
}

/** `3 sources · 4 peers`, or `4 peers` for something that is complete here. Web servers that give are named beside. */
export function sourcesText(
  progress: Pick<SwarmProgress, 'peers' | 'sources' | 'webSeeds'>,
  isComplete: boolean,
): string {
  const peers = plural(progress.peers, 'peer');
  const giving = givingCount(progress.webSeeds);
  const servers = giving > 0 ? ` · ${plural(giving, 'web seed')}` : '';
  return isComplete ? peers : `${plural(progress.sources, 'source')} · ${peers}${servers}`;
}

function givingCount(webSeeds: SwarmProgress['webSeeds']): number {
  return webSeeds.filter(({ state }) => state === 'fetching').length;
}

const WEB_SEED_WORDS = {
  idle: 'not needed now',
  fetching: 'gives',
  resting: 'does not answer, is asked again later',
  failed: 'does not serve these files',
  banned: 'sent bad data and is asked no more',
} as const satisfies Record<WebSeedProgress['state'], string>;

/** What a web seed does and what it gave. */
export function webSeedText({ state, downBytesPerSecond, downloadedBytes }: WebSeedProgress): string {
  const rate = state === 'fetching' && downBytesPerSecond > 0 ? ` ${formatRate(downBytesPerSecond)}` : '';
  const total = downloadedBytes > 0 ? `, ${formatBytes(downloadedBytes)} so far` : '';
  return `${WEB_SEED_WORDS[state]}${rate}${total}`;
}

/** What a tracker does, behind its name; nothing for one that is not asked, though it could be. */
export function trackerText({ url, state, reason }: TrackerProgress): string {
  if (state === 'idle') return /^wss?:/i.test(url) ? '' : ' · browsers cannot ask it';
  if (reason !== undefined) return ` · refuses: ${reason}`;
  return ` · ${TRACKER_WORDS[state]}`;
}

const TRACKER_WORDS = {
  asking: 'is being asked',
  answered: 'asked',
  failed: 'does not answer, is asked again later',
} as const satisfies Record<Exclude<TrackerProgress['state'], 'idle'>, string>;

/** Bytes of the files that are wanted, as far as they lie in pieces of their own. */
export function wantedBytes({ doneBytes, leftBytes }: Pick<SwarmProgress, 'doneBytes' | 'leftBytes'>): number {
  return doneBytes + leftBytes;
}

/** `ratio 0.42` once something was given; empty before. */
export function ratioText({ ratio, uploadedBytes }: Pick<SwarmProgress, 'ratio' | 'uploadedBytes'>): string {
  return uploadedBytes > 0 && ratio !== undefined ? `ratio ${formatRatio(ratio)}` : '';
}

/**
 * The one thing to do about a download that cannot go on: code that broke needs a fresh page, a torrent that was refused
 * begins anew, as by its link, and all else goes on. None where another row goes on in its place.
 */
export function troubleAction(code: SkeinErrorCode): 'open' | 'resume' | 'reload' | undefined {
  if (code === 'duplicate') return undefined;
  if (code === 'bad-metainfo') return 'open';
  return code === 'internal' ? 'reload' : 'resume';
}

/** What stands in the place of the list of files while there is none. */
export function noFilesText(trouble: SkeinErrorCode | undefined): string {
  if (trouble !== undefined && troubleAction(trouble) !== 'resume') return 'There is no list of files.';
  return (
    'The list of files comes with the first peer. If you have the .torrent file of this, drop or choose it above: ' +
    'then the download need not wait for the list.'
  );
}

/** Most peers that a sentence names; a liar may come under as many names as it likes. */
const MAX_NAMED = 3;

/** The peers that were dropped, in a sentence; undefined when there are none. */
export function bannedSentence(banned: SwarmProgress['banned']): string | undefined {
  if (banned.length === 0) return undefined;
  const names = [...new Set(banned.map(displayName))];
  const parts = names.slice(0, MAX_NAMED);
  if (names.length > MAX_NAMED) parts.push(plural(names.length - MAX_NAMED, 'other'));
  const last = parts.pop() ?? '';
  const who = parts.length === 0 ? last : `${parts.join(', ')} and ${last}`;
  const verb = names.length === 1 ? 'was' : 'were';
  return `${who} sent bad data and ${verb} dropped. What is stored here is verified.`;
}
