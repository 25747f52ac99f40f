import type { Content } from './content.ts';
import type { Effects } from './effects.ts';
import { EXTENDED_HANDSHAKE, encodeExtendedHandshake } from './extension.ts';
import { isStranger } from './peer-key.ts';
import type { PeerSession } from './peer-session.ts';
import type { SuperSeeder } from './super-seeder.ts';
import type { Metainfo } from './types.ts';

/** What a peer is told first: what is here (BEP 3, BEP 6) and what is spoken (BEP 10). */
export class Greeter {
  readonly #effects: Effects;
  readonly #superSeeder: SuperSeeder;

  constructor(effects: Effects, superSeeder: SuperSeeder) {
    this.#effects = effects;
    this.#superSeeder = superSeeder;
  }

  /**
   * There is a channel to a node, and not even the metadata is here: everything that is to be said goes along with our
   * handshake. A node speaks all that ours speaks, so it need not be heard first, which would take a round trip.
   */
  greetAhead(session: PeerSession): void {
    session.isGreetedAhead = true;
    session.amInterested = true;
    this.#effects.write(session).haveNone();
    this.#tellExtensions(session, undefined);
    this.#effects.write(session).interested();
  }

  /** The handshake of the peer is here. */
  greet(session: PeerSession, content: Content | undefined): void {
    if (session.isGreetedAhead) return this.#greetAgain(session, content);
    const writer = this.#effects.write(session);
    if (this.#superSeeder.admit(session, content)) {
      if (session.hasFast) writer.haveNone();
    } else if (session.hasFast && content?.isComplete) writer.haveAll();
    else if (content && content.stored.count > 0) writer.bitfield(content.stored.toBitfield());
    else if (session.hasFast) writer.haveNone();
    if (session.hasExtended) this.#tellExtensions(session, content?.metainfo);
  }

  /** The metadata is known: others may ask for it here now (BEP 10: a later handshake updates the earlier one). */
  tellMetadata(session: PeerSession, metainfo: Metainfo): void {
    if (session.hasExtended) this.#tellExtensions(session, metainfo);
  }

  /** What came of others while the handshake was on its way. */
  #greetAgain(session: PeerSession, content: Content | undefined): void {
    if (!content) return;
    this.tellMetadata(session, content.metainfo);
    for (let piece = 0; piece < content.pieceCount; piece++)
      if (content.isStored(piece)) this.#effects.write(session).have(piece);
  }

  #tellExtensions(session: PeerSession, metainfo: Metainfo | undefined): void {
    // Strangers are not told of nodes, and have none to tell of.
    const exchangesPeers = metainfo?.isPrivate !== true && !isStranger(session.id);
    const handshake = encodeExtendedHandshake(metainfo?.infoBytes.length, exchangesPeers);
    this.#effects.write(session).extended(EXTENDED_HANDSHAKE, handshake);
  }
}
