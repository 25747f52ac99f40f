import type { Millis } from '../../../shared/src/machine.ts';
import type { Content } from './content.ts';
import type { PeerKey } from './peer-key.ts';
import type { PeerRoster } from './peer-roster.ts';
import { piecePriorities } from './piece-priorities.ts';
import type { PeerSession } from './peer-session.ts';
import type { SuperSeeder } from './super-seeder.ts';
import type { TorrentCommand } from './types.ts';
import type { Uploader } from './uploader.ts';
import { usualWishes } from './wishes.ts';

/** A command that changes how a torrent works, not whether. */
export type SteeringCommand = Exclude<TorrentCommand, { kind: 'stop' | 'setPaused' | 'addWebSeeds' | 'takeMetadata' }>;

/** Brings what the owner wants to those who carry it out, as soon as there is something to do it with. */
export class Steering {
  readonly wishes = usualWishes();
  readonly #uploader: Uploader;
  readonly #superSeeder: SuperSeeder;
  readonly #peers: PeerRoster;
  readonly #sessions: ReadonlyMap<PeerKey, PeerSession>;

  constructor(uploader: Uploader, superSeeder: SuperSeeder, peers: PeerRoster) {
    this.#uploader = uploader;
    this.#superSeeder = superSeeder;
    this.#peers = peers;
    this.#sessions = peers.sessions;
  }

  /** The content is known: what was wanted before takes effect. */
  begin(content: Content, now: Millis): void {
    const { wishes } = this;
    const isPadded = content.metainfo.files.some((file) => file.isPadding);
    if (wishes.priorities.length > 0 || isPadded) this.#prioritize(content);
    content.picker.isSequential = wishes.isSequential;
    content.downloader.limit.setRate(wishes.downBytesPerSecond, now);
  }

  handle(command: SteeringCommand, content: Content | undefined, now: Millis): void {
    const { wishes } = this;
    switch (command.kind) {
      case 'setPriorities':
        wishes.priorities = command.priorities;
        if (content) this.#prioritize(content);
        return;
      case 'setLimits':
        wishes.downBytesPerSecond = command.downBytesPerSecond;
        wishes.upBytesPerSecond = command.upBytesPerSecond;
        this.#uploader.setLimit(command.upBytesPerSecond, now);
        content?.downloader.limit.setRate(command.downBytesPerSecond, now);
        return;
      case 'setSequential':
        wishes.isSequential = command.isSequential;
        if (content) content.picker.isSequential = command.isSequential;
        return;
      case 'setDeadline':
        content?.picker.pieces.setDeadline(command.piece, command.at);
        return;
      case 'setSuperSeeding':
        this.#superSeeder.isOn = command.isSuperSeeding;
    }
  }

  #prioritize(content: Content): void {
    content.downloader.abandon(
      content.picker.pieces.setPriorities(piecePriorities(content.metainfo, this.wishes.priorities)),
    );
    for (const session of this.#sessions.values()) {
      if (session.phase !== 'up') continue;
      content.picker.countWanted(session);
      this.#peers.updateInterest(session);
    }
  }
}
