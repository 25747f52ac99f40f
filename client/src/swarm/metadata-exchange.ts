import type { Millis } from '../../../shared/src/machine.ts';
import type { Effects } from './effects.ts';
import {
  EXTENDED_HANDSHAKE,
  OUR_METADATA_ID,
  decodeExtendedHandshake,
  decodeMetadataMessage,
  encodeMetadataRequest,
} from './extension.ts';
import { type MetadataFailure, MetadataFetch } from './metadata-fetch.ts';
import { type PeerKey, isStranger } from './peer-key.ts';
import type { PeerSession } from './peer-session.ts';
import type { Uploader } from './uploader.ts';

/** Speaks BEP 10 and BEP 9 with the peers: extension handshakes, and the metadata in both directions. */
export class MetadataExchange {
  readonly #effects: Effects;
  readonly #uploader: Uploader;
  readonly #sessions: ReadonlyMap<PeerKey, PeerSession>;
  readonly #fetch = new MetadataFetch();

  constructor(effects: Effects, uploader: Uploader, sessions: ReadonlyMap<PeerKey, PeerSession>) {
    this.#effects = effects;
    this.#uploader = uploader;
    this.#sessions = sessions;
  }

  /**
   * An extension message came. `infoBytes` is our metadata, if we have it. Returns the metadata when the message
   * completes it, and `malformed` when no honest peer would send it.
   */
  receive(
    session: PeerSession,
    id: number,
    payload: Uint8Array,
    infoBytes: Uint8Array | undefined,
    now: Millis,
  ): Uint8Array | 'malformed' | undefined {
    if (id === EXTENDED_HANDSHAKE) return this.#onHandshake(session, payload) ? undefined : 'malformed';
    if (id !== OUR_METADATA_ID) return undefined;
    const message = decodeMetadataMessage(payload);
    if (message === 'malformed') return 'malformed';
    if (message === 'unknown') return undefined;
    if (message.kind === 'request') this.#uploader.onMetadataRequest(session, message.block, infoBytes);
    else if (message.kind === 'reject') this.#fetch.reject(session.id, message.block, now);
    else if (!infoBytes) {
      const result = this.#fetch.receive(session.id, message.block, message.totalSize, message.bytes, now);
      if (typeof result !== 'boolean') return result;
      if (!result && session.countUnwanted()) return 'malformed';
    }
    return undefined;
  }

  /** Asks a node that was greeted just now for the beginning, before it has said that it has the metadata. */
  askAhead(session: PeerSession, now: Millis): void {
    if (this.#fetch.askAhead(session.id, now))
      this.#effects.write(session).extended(OUR_METADATA_ID, encodeMetadataRequest(0));
  }

  /** Asks for what is missing. Call after each input while there is no metadata. */
  pump(now: Millis): void {
    for (const { peer, block } of this.#fetch.next(now)) {
      const session = this.#sessions.get(peer);
      if (session?.metadataId === undefined) continue;
      this.#effects.write(session).extended(session.metadataId, encodeMetadataRequest(block));
    }
  }

  removePeer(peer: PeerKey): void {
    this.#fetch.removeSource(peer);
  }

  /** The metadata that was put together is wrong. */
  fail(): MetadataFailure {
    return this.#fetch.fail();
  }

  #onHandshake(session: PeerSession, payload: Uint8Array): boolean {
    const handshake = decodeExtendedHandshake(payload);
    if (!handshake) return false;
    // A handshake may come again with other entries (BEP 10); the last word counts.
    session.metadataId = idAfter(session.metadataId, handshake.metadataId);
    if (!isStranger(session.id)) session.exchange.peerId = idAfter(session.exchange.peerId, handshake.exchangeId);
    session.program = handshake.program ?? session.program;
    if (handshake.maxRequests !== undefined) session.pipeline.setPeerLimit(handshake.maxRequests);
    // By another id than nodes have it did not hear what it was asked ahead.
    if (session.metadataId !== OUR_METADATA_ID) this.#fetch.cancelAhead(session.id);
    if (session.metadataId === undefined) this.#fetch.removeSource(session.id);
    if (handshake.metadataSize === undefined) return true;
    if (session.metadataId !== undefined) this.#fetch.addSource(session.id, handshake.metadataSize);
    session.hasMetadata = true;
    return true;
  }
}

/** The id of an extension after a handshake that says this of it: 0 takes it back (BEP 10). */
function idAfter(before: number | undefined, said: number | undefined): number | undefined {
  if (said === undefined) return before;
  return said === 0 ? undefined : said;
}
