import {
  type FilePriority,
  type PieceMap,
  type RateLimits,
  SkeinError,
  type SwarmPeer,
  type SwarmProgress,
  type TorrentInfo,
  type TrackerProgress,
  type Transfer,
} from '../../api.ts';
import { checkedLimits } from '../rate-limits.ts';
import type { FileAccess } from './file-access.ts';
import { torrentBlob } from './files.ts';
import type { TrackerState } from './lazy-strangers.ts';
import type { TorrentSession } from './torrent-session.ts';

/** What shares and downloads ask of the service. */
export interface TransferActions extends FileAccess {
  setPaused(isPaused: boolean): void;
  setLimits(limits: RateLimits): void;
  setSequential(isSequential: boolean): void;
  setSuperSeeding(isSuperSeeding: boolean): void;
  setPriorities(priorities: readonly FilePriority[]): void;
  /** Undefined for a tracker that is not asked. */
  trackerState(url: string): TrackerState | undefined;
}

/** What shares and downloads have in common behind the public door. */
export abstract class TransferHandle implements Transfer {
  protected readonly session: TorrentSession;
  protected readonly actions: TransferActions;

  constructor(session: TorrentSession, actions: TransferActions) {
    this.session = session;
    this.actions = actions;
  }

  /** It was stopped or removed: nothing can be asked of it any more. */
  protected abstract get isOver(): boolean;

  /** Ways to the files, as long as it has not ended. `wants` is told of each that somebody is about to read. */
  protected accessTo(wants: (index: number) => void = () => undefined): FileAccess {
    const { actions } = this;
    return {
      open: async (index) => {
        if (this.isOver) throw endedError();
        return await actions.open(index);
      },
      read: (index, begin, end) => {
        if (this.isOver) return new ReadableStream({ start: (controller) => controller.error(endedError()) });
        wants(index);
        return actions.read(index, begin, end);
      },
      mediaUrl: async (index) => {
        if (this.isOver) throw endedError();
        wants(index);
        return await actions.mediaUrl(index);
      },
    };
  }

  /** How it works is for this tab to say. */
  protected get isOurs(): boolean {
    return !this.isOver && !this.session.isElsewhere;
  }

  get infoHash(): string {
    return this.session.infoHash;
  }

  get name(): string {
    return this.session.name;
  }

  get magnet(): string {
    return this.session.magnet;
  }

  get progress(): SwarmProgress {
    return this.session.progress;
  }

  get limits(): RateLimits {
    return this.session.limits;
  }

  get isPaused(): boolean {
    return this.session.isPaused;
  }

  setLimits(limits: RateLimits): void {
    const checked = checkedLimits(limits);
    if (!this.isOurs) return;
    this.session.limits = checked;
    this.actions.setLimits(checked);
  }

  pause(): void {
    if (!this.isOver) this.actions.setPaused(true);
  }

  resume(): void {
    if (!this.isOver) this.actions.setPaused(false);
  }

  info(): TorrentInfo | undefined {
    return this.session.info();
  }

  trackers(): TrackerProgress[] {
    return this.session.trackers.map((url) => {
      const { condition = 'idle', reason } = this.actions.trackerState(url) ?? {};
      return { url, state: condition, reason };
    });
  }

  pieces(): PieceMap {
    return this.session.pieces();
  }

  peers(): SwarmPeer[] {
    return this.isOver ? [] : this.session.peers();
  }

  torrentFile(): Blob {
    return torrentBlob(this.session.summary);
  }
}

function endedError(): SkeinError {
  return new SkeinError('not-found', 'This was stopped or removed here. Share or download it again.');
}
