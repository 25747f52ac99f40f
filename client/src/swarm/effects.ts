import { MAX_CONGESTED_BYTES, MAX_SEND_BYTES } from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { PeerSession } from './peer-session.ts';
import type { TorrentEvent, TorrentOutput, TorrentRun } from './types.ts';
import type { WireWriter } from './wire.ts';

/** Why a peer is dropped. */
export type CloseReason = Extract<TorrentOutput, { kind: 'closeLink' }>['why'];

/**
 * Collects what one call of `handle` brings about. Messages to a peer are joined until the call ends, so a hundred
 * requests are one `send`.
 */
export class Effects {
  #out: TorrentOutput[] = [];
  #now: Millis = 0;
  /** BOUNDED: by the peers of the torrent, emptied at the end of each call. */
  #unsent: PeerSession[] = [];

  begin(out: TorrentOutput[], now: Millis): void {
    this.#out = out;
    this.#now = now;
  }

  /** Where messages to the peer are written. */
  write(session: PeerSession): WireWriter {
    if (session.writer.length === 0) this.#unsent.push(session);
    return session.writer;
  }

  run(run: TorrentRun): void {
    this.#out.push({ kind: 'run', run });
  }

  emit(event: TorrentEvent): void {
    this.#out.push({ kind: 'emit', event });
  }

  /** Sends what was written to the peer, before something that must not overtake it. */
  flush(session: PeerSession): void {
    if (session.writer.length === 0) return;
    const bytes = session.writer.take();
    session.lastSentAt = this.#now;
    if (session.isCongested) session.congestedBytes += bytes.length;
    for (let at = 0; at < bytes.length; at += MAX_SEND_BYTES) {
      const part = bytes.length <= MAX_SEND_BYTES ? bytes : bytes.subarray(at, at + MAX_SEND_BYTES);
      this.#out.push({ kind: 'send', to: session.id, bytes: part });
    }
  }

  /** Says the last words to the peer and drops it. */
  close(session: PeerSession, why: CloseReason): void {
    this.flush(session);
    this.#out.push({ kind: 'closeLink', peer: session.id, why });
  }

  /** Sends everything. Returns the peers that have long stopped reading. */
  end(): readonly PeerSession[] {
    const unsent = this.#unsent;
    if (unsent.length === 0) return unsent;
    this.#unsent = [];
    for (const session of unsent) if (session.phase !== 'closed') this.flush(session);
    return unsent.filter((session) => session.congestedBytes > MAX_CONGESTED_BYTES && session.phase !== 'closed');
  }
}
