import type { NodeId } from '../../../shared/src/ids.ts';
import { OVERLAY_FRAME } from '../../../shared/src/limits/links.ts';
import { MALFORMED_BAN_MS, MAX_MALFORMED_FRAMES } from '../../../shared/src/limits/overlay.ts';
import type { Entry } from './entry.ts';
import { FLAG_CROSS_CHECK, FLAG_HELLO, FRAME, decodeBye } from './link-frames.ts';
import type { LinkPolicy } from './link-policy.ts';
import type { Liveness } from './liveness.ts';
import type { Merging } from './merging.ts';
import type { PeerLinks } from './peer-links.ts';
import type { Routing } from './request.ts';

/** Who frames are handed to. */
export interface FrameReceiverParts {
  readonly routing: Routing;
  readonly links: PeerLinks;
  readonly policy: LinkPolicy;
  readonly liveness: Liveness;
  readonly merging: Merging;
}

/** Takes what comes over links: hands each frame to whom it is for, and gives up peers that send malformed ones. */
export class FrameReceiver {
  readonly #parts: FrameReceiverParts;

  constructor(parts: FrameReceiverParts) {
    this.#parts = parts;
  }

  onReceived(from: NodeId, bytes: Uint8Array): void {
    const { core, table } = this.#parts.routing;
    if (bytes.length < 2 || bytes[0] !== OVERLAY_FRAME) {
      core.counters.unknown++;
      return;
    }
    core.counters.received(bytes);
    const entry = table.link(from) ?? this.#relink(from, bytes);
    if (!entry?.link) {
      core.counters.dropped++;
      return;
    }
    entry.link.lastHeard = core.now;
    entry.link.isSuspect = false;
    if (!this.#onFrame(entry, bytes)) this.#onMalformed(entry);
  }

  /** A peer that gave its link up, or whose link we gave up, uses it again. */
  #relink(from: NodeId, bytes: Uint8Array): Entry | undefined {
    const { routing, links } = this.#parts;
    const known = routing.table.get(from);
    if (!known || bytes[1] !== FRAME.contacts || ((bytes[2] ?? 0) & FLAG_HELLO) === 0) return undefined;
    links.onLinkUp(known.contact);
    return routing.table.link(from);
  }

  /** False: malformed. */
  #onFrame(entry: Entry, bytes: Uint8Array): boolean {
    const { routing, liveness } = this.#parts;
    const { forwarder, core } = routing;
    const from = entry.contact.id;
    switch (bytes[1]) {
      case FRAME.route:
        return forwarder.onRoute(from, bytes);
      case FRAME.ack:
        return forwarder.onAck(from, bytes);
      case FRAME.reply:
        return forwarder.onReply(from, bytes);
      case FRAME.ping:
        return liveness.onPing(entry, bytes);
      case FRAME.pong:
        return liveness.onPong(entry, bytes);
      case FRAME.contacts:
        return this.#onContacts(entry, bytes);
      case FRAME.bye:
        return this.#onBye(entry, bytes);
      default:
        core.counters.unknown++;
        return true;
    }
  }

  #onContacts(entry: Entry, bytes: Uint8Array): boolean {
    const { liveness, policy, merging } = this.#parts;
    const isWellFormed = liveness.onContacts(entry, bytes);
    policy.tick();
    if (!isWellFormed || ((bytes[2] ?? 0) & FLAG_CROSS_CHECK) === 0) return isWellFormed;
    return merging.onHint(entry, bytes);
  }

  #onBye(entry: Entry, bytes: Uint8Array): boolean {
    const { routing, links } = this.#parts;
    const reason = decodeBye(bytes);
    if (reason === undefined) return false;
    const { id } = entry.contact;
    if (reason === 'leaving') {
      links.lose(id);
      routing.core.emit({ kind: 'bye', peer: id });
    } else links.onPruned(entry);
    return true;
  }

  #onMalformed(entry: Entry): void {
    this.#parts.routing.core.counters.malformed++;
    const { link } = entry;
    if (!link || ++link.malformedCount < MAX_MALFORMED_FRAMES) return;
    this.#parts.links.giveUp(entry, 'malformed', MALFORMED_BAN_MS);
  }
}
