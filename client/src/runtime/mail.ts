import { Reader, Writer, concatBytes, toHex, utf8Encode } from '../../../shared/src/bytes.ts';
import { CONTACT_BYTES, type Contact, type NodeId, decodeContact } from '../../../shared/src/ids.ts';
import {
  MAX_CLOCK_SKEW_MS,
  MAX_MAIL_BYTES,
  MAX_MAIL_SENDERS,
  MAX_MAIL_TTL_MS,
  MAX_SEEN_MAILS,
  MAX_SEEN_MAILS_PER_SENDER,
  MAX_SIGNALS_IN_WORK,
} from '../../../shared/src/limits/links.ts';
import { type Result, err, invariant, ok } from '../../../shared/src/result.ts';
import type { Clock } from '../ports/clock.ts';
import type { Crypto } from '../ports/crypto.ts';
import { SeenIds } from './seen-ids.ts';

/** What a mail is about; each kind has one reader, and none can be passed off as another. */
export type MailKind = 'signal' | 'call' | 'app';

/** Why a mail was refused. A closed list. */
export type MailErrorCode =
  /** As many as there may be are being opened. */
  | 'flood'
  /** Over `MAX_MAIL_BYTES`. */
  | 'too-large'
  /** Not sealed to this peer, or changed on the way. */
  | 'not-for-us'
  /** The seal was right and the content was not. */
  | 'malformed'
  | 'bad-signature'
  | 'expired'
  /** Its deadline is later than any mail's can be. */
  | 'from-future'
  | 'replayed';

/** A mail that was sealed to this peer and whose sender is proven. */
export interface OpenedMail {
  readonly from: Contact;
  readonly kind: MailKind;
  readonly payload: Uint8Array;
  /**
   * How much of its life is left, by both peers' wall clocks. When those clearly disagree the age cannot be told and
   * this is the whole life. [ms]
   */
  readonly remainingMs: number;
  /** Its deadline is over by our wall clock: it was held back or carried again, or the two clocks disagree. */
  readonly isOverdue: boolean;
}

/** Writes and opens sealed mail. */
export interface Mail {
  /**
   * Seals `payload` (at most `MAX_MAIL_PAYLOAD_BYTES`) for `to`; it expires `ttlMs` from now. The result is empty when
   * the contact's key cannot be sealed to, which only a made-up contact has: no one can open or deliver that.
   */
  seal(to: Contact, kind: MailKind, payload: Uint8Array, ttlMs: number): Promise<Uint8Array>;
  /** Never rejects. */
  open(sealed: Uint8Array): Promise<Result<OpenedMail, MailErrorCode>>;
}

const SEAL_CONTEXT = utf8Encode('skein mail 2');
const SIGN_DOMAIN = utf8Encode('skein mail signature 2');
const MESSAGE_ID_BYTES = 16;
const SIGNATURE_BYTES = 64;
/** By number on the wire, from 1. */
const KINDS: readonly MailKind[] = ['signal', 'call', 'app'];

/** Everything around the payload: seal (key and tag), sender's key, kind, message id, deadline, life, length, signature. */
const OVERHEAD_BYTES = 32 + 16 + CONTACT_BYTES + 1 + MESSAGE_ID_BYTES + 6 + 4 + 2 + SIGNATURE_BYTES;

/** Largest payload of a mail. [bytes] */
export const MAX_MAIL_PAYLOAD_BYTES = MAX_MAIL_BYTES - OVERHEAD_BYTES;

interface Letter {
  readonly from: Contact;
  readonly kind: MailKind;
  readonly messageId: Uint8Array;
  /** Wall-clock instant. [ms since the epoch] */
  readonly deadline: number;
  readonly ttlMs: number;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Mail of the peer whose keys `crypto` holds. `clock` gives the wall-clock time for deadlines. Anybody can send some, so no more
 * than `maxInWork` are opened at once: a flood for one reader, who has a mail of its own, keeps nothing from another.
 */
export function createMail(crypto: Crypto, clock: Clock, maxInWork = MAX_SIGNALS_IN_WORK): Mail {
  const seen = new SeenIds(MAX_SEEN_MAILS, MAX_SEEN_MAILS_PER_SENDER, MAX_MAIL_SENDERS);
  let inWork = 0;

  const open = async (sealed: Uint8Array): Promise<Result<OpenedMail, MailErrorCode>> => {
    const plaintext = await crypto.unseal(sealed, SEAL_CONTEXT);
    if (!plaintext) return err('not-for-us');
    const letter = decodeLetter(plaintext);
    if (!letter) return err('malformed');
    // Not of signals: of links it is learnt what the time is. What an old one can do is bounded like a new one's doings.
    const early = letter.kind === 'signal' ? undefined : checkTime(letter, clock.wallNow());
    if (early) return err(early);
    const isGenuine = await crypto.verify(letter.from.publicKey, signedBytes(letter, crypto.self.id), letter.signature);
    if (!isGenuine) return err('bad-signature');
    // Only now: otherwise a forger could use up the ids of mails that are still on their way.
    const wallNow = clock.wallNow();
    const expiresAt = Math.max(letter.deadline, wallNow + letter.ttlMs) + MAX_CLOCK_SKEW_MS + 1;
    if (!seen.add(letter.from.id, toHex(letter.messageId), expiresAt, wallNow)) return err('replayed');
    const { from, kind, payload } = letter;
    const isOverdue = letter.deadline < wallNow;
    return ok({ from, kind, payload, remainingMs: remainingMs(letter, wallNow), isOverdue });
  };

  return {
    async seal(to, kind, payload, ttlMs) {
      invariant(payload.length <= MAX_MAIL_PAYLOAD_BYTES, `a mail of ${payload.length} bytes is too large`);
      const life = Math.min(MAX_MAIL_TTL_MS, Math.max(1, Math.round(ttlMs)));
      const messageId = crypto.randomBytes(MESSAGE_ID_BYTES);
      const deadline = Math.round(clock.wallNow()) + life;
      const unsigned = { from: crypto.self, kind, messageId, deadline, ttlMs: life, payload };
      try {
        const signature = await crypto.sign(signedBytes(unsigned, to.id));
        return await crypto.seal(to.publicKey, encodeLetter({ ...unsigned, signature }), SEAL_CONTEXT);
      } catch {
        return new Uint8Array(0);
      }
    },

    async open(sealed) {
      if (sealed.length > MAX_MAIL_BYTES) return err('too-large');
      if (inWork >= maxInWork) return err('flood');
      inWork++;
      return open(sealed).finally(() => inWork--);
    },
  };
}

function checkTime(letter: Letter, wallNow: number): 'expired' | 'from-future' | undefined {
  if (letter.deadline + MAX_CLOCK_SKEW_MS < wallNow) return 'expired';
  if (letter.deadline - letter.ttlMs > wallNow + MAX_CLOCK_SKEW_MS) return 'from-future';
  return undefined;
}

function remainingMs(letter: Letter, wallNow: number): number {
  const left = letter.deadline - wallNow;
  return left >= 0 && left <= letter.ttlMs ? left : letter.ttlMs;
}

/** What the sender signs. Both ids are in it, so that the receiver cannot pass the mail on as one to somebody else. */
function signedBytes(letter: Omit<Letter, 'signature'>, to: NodeId): Uint8Array {
  const head = new Writer()
    .hex(letter.from.id)
    .hex(to)
    .u8(KINDS.indexOf(letter.kind) + 1)
    .bytes(letter.messageId);
  return concatBytes(SIGN_DOMAIN, head.u48(letter.deadline).u32(letter.ttlMs).bytes16(letter.payload).done());
}

/** The plaintext of a mail. See PROTOCOL.md §3. */
export function encodeLetter(letter: Letter): Uint8Array {
  return new Writer(letter.payload.length + OVERHEAD_BYTES)
    .bytes(letter.from.publicKey)
    .u8(KINDS.indexOf(letter.kind) + 1)
    .bytes(letter.messageId)
    .u48(letter.deadline)
    .u32(letter.ttlMs)
    .bytes16(letter.payload)
    .bytes(letter.signature)
    .done();
}

/** The letter in `bytes`, or undefined when they are not exactly one. Never throws. */
export function decodeLetter(bytes: Uint8Array): Letter | undefined {
  if (bytes.length > MAX_MAIL_BYTES) return undefined;
  const reader = new Reader(bytes);
  const keys = reader.bytes(CONTACT_BYTES);
  const kind = KINDS[reader.u8() - 1];
  const messageId = reader.bytes(MESSAGE_ID_BYTES);
  const deadline = reader.u48();
  const ttlMs = reader.u32();
  const payload = reader.bytes16();
  const signature = reader.bytes(SIGNATURE_BYTES);
  if (!reader.atEnd() || !kind || ttlMs < 1 || ttlMs > MAX_MAIL_TTL_MS) return undefined;
  const from = decodeContact(keys);
  return from && { from, kind, messageId, deadline, ttlMs, payload, signature };
}
