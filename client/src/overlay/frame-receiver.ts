import type { NodeId } from '../../../shared/src/ids.ts';
import { OVERLAY_FRAME } from '../../../shared/src/limits/links.ts';
import { MALFORMED_BAN_MS, MAX_MALFORMED_FRAMES } from '../../../shared/src/limits/overlay-links.ts';
import type { Core } from './core.ts';
import type { Entry } from './entry.ts';
import type { Forwarder } from './forwarder.ts';
import { FLAG_CROSS_CHECK, FLAG_HELLO, FRAME, decodeBye, encodeBye } from './link-frames.ts';
import type { LinkPolicy } from './link-policy.ts';
import { onLinksTold } from './lookahead.ts';
import type { Liveness } from './liveness.ts';
import type { Merging } from './merging.ts';
import type { PeerLinks } from './peer-links.ts';
import type { Routing } from './request.ts';
import type { RoutingTable } from './routing-table.ts';

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
  readonly #core: Core;
  readonly #table: RoutingTable;
  readonly #forwarder: Forwarder;
  readonly #links: PeerLinks;
  readonly #policy: LinkPolicy;
  readonly #liveness: Liveness;
  readonly #merging: Merging;

  constructor({ routing, links, policy, liveness, merging }: FrameReceiverParts) {
    this.#core = routing.core;
    this.#table = routing.table;
    this.#forwarder = routing.forwarder;
    this.#links = links;
    this.#policy = policy;
    this.#liveness = liveness;
    this.#merging = merging;
  }

  onReceived(from: NodeId, bytes: Uint8Array): void {
    const core = this.#core;
    if (bytes.length < 2 || bytes[0] !== OVERLAY_FRAME) {
      core.counters.unknown++;
      return;
    }
    const entry = this.#table.link(from) ?? this.#relink(from, bytes);
    if (!entry?.link) {
      core.counters.dropped++;
      return;
    }
    entry.link.lastHeard = core.now;
    entry.link.isSuspect = false;
    if (!this.#onFrame(entry, bytes)) this.#onMalformed(entry);
  }

  /** A peer that gave its link up, or whose link we gave up, uses it again, unless we would not take an offer of it. */
  #relink(from: NodeId, bytes: Uint8Array): Entry | undefined {
    const known = this.#table.get(from);
    if (!known || bytes[1] !== FRAME.contacts || ((bytes[2] ?? 0) & FLAG_HELLO) === 0) return undefined;
    if (!this.#policy.admits(known.contact, false, this.#core.now)) {
      // Said, so that it does not take our silence for our death and closes what others still use.
      this.#core.send(from, encodeBye('pruned'));
      return undefined;
    }
    this.#links.onLinkUp(known.contact, false, known.dial?.network);
    return this.#table.link(from);
  }

  /** False: malformed. */
  #onFrame(entry: Entry, bytes: Uint8Array): boolean {
    const from = entry.contact.id;
    switch (bytes[1]) {
      case FRAME.route:
        return this.#forwarder.onRoute(from, bytes);
      case FRAME.ack:
        return this.#forwarder.onAck(from, bytes);
      case FRAME.reply:
        return this.#forwarder.onReply(from, bytes);
      case FRAME.ping:
        return this.#liveness.onPing(entry, bytes);
      case FRAME.pong:
        return this.#liveness.onPong(entry, bytes);
      case FRAME.contacts:
        return this.#onContacts(entry, bytes);
      case FRAME.links:
        return onLinksTold(entry, bytes, this.#core.self.prefix);
      case FRAME.bye:
        return this.#onBye(entry, bytes);
      default:
        this.#core.counters.unknown++;
        return true;
    }
  }

  #onContacts(entry: Entry, bytes: Uint8Array): boolean {
    const isWellFormed = this.#liveness.onContacts(entry, bytes);
    this.#policy.tick();
    if (!isWellFormed || ((bytes[2] ?? 0) & FLAG_CROSS_CHECK) === 0) return isWellFormed;
    return this.#merging.onHint(entry, bytes);
  }

  #onBye(entry: Entry, bytes: Uint8Array): boolean {
    const reason = decodeBye(bytes);
    if (reason === undefined) return false;
    const { id } = entry.contact;
    if (reason === 'leaving') {
      this.#links.lose(id);
      this.#core.emit({ kind: 'bye', peer: id });
    } else this.#links.onPruned(entry);
    return true;
  }

  #onMalformed(entry: Entry): void {
    this.#core.counters.malformed++;
    const { link } = entry;
    if (!link || ++link.malformedCount < MAX_MALFORMED_FRAMES) return;
    this.#links.giveUp(entry, 'malformed', MALFORMED_BAN_MS);
  }
}
