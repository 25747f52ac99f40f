import { binaryText } from '../../../../shared/src/bytes.ts';
import { ID_BYTES } from '../../../../shared/src/ids.ts';
import { MAX_SDP_BYTES } from '../../../../shared/src/limits/links.ts';
import {
  MAX_OFFER_ID_LENGTH,
  MAX_TRACKER_MESSAGE_LENGTH,
  MAX_TRACKER_TEXT_LENGTH,
} from '../../../../shared/src/limits/trackers.ts';
import type { Millis } from '../../../../shared/src/machine.ts';
import { type Result, err, ok } from '../../../../shared/src/result.ts';

/** How much of a torrent is here, as trackers are told. [bytes] */
export interface TorrentStand {
  readonly uploaded: number;
  readonly downloaded: number;
  /** 0 means that everything is here, to a tracker. */
  readonly left: number;
}

/** A description that somebody may answer. */
export interface MadeOffer {
  /** 20 random bytes. */
  readonly id: Uint8Array;
  readonly sdp: string;
}

/** What is the same in all messages of a torrent to a tracker. */
export interface Announcer {
  readonly infoHash: Uint8Array;
  /** Who this peer is to the tracker, and to strangers. */
  readonly peerId: Uint8Array;
}

/** What a tracker says of our torrent. Bytes that it sends as text are read back as bytes. */
export type TrackerMessage =
  | {
      readonly kind: 'reply';
      /** The pause that it asks for. */
      readonly intervalMs: Millis | undefined;
      readonly trackerId: string | undefined;
    }
  | { readonly kind: 'failure'; readonly reason: string }
  | {
      readonly kind: 'offer' | 'answer';
      readonly peerId: Uint8Array;
      /** As it came: it goes back in the answer. */
      readonly offerId: string;
      readonly sdp: string;
    };

/** Why a message is not taken. */
export type TrackerMessageError =
  | 'too-long'
  /** No JSON object. */
  | 'not-json'
  /** Of another torrent, or of another action than `announce`. */
  | 'not-ours'
  /** Its fields are not what they must be. */
  | 'malformed'
  /** It comes from ourselves. */
  | 'own';

/**
 * Reads a message of a tracker. Total: what is too long is not parsed, and no field is used before its type and length are
 * known. `text` is undefined for what was no text.
 */
export function decodeTrackerMessage(
  text: string | undefined,
  { infoHash, peerId }: Announcer,
): Result<TrackerMessage, TrackerMessageError> {
  if (text === undefined) return err('not-json');
  if (text.length > MAX_TRACKER_MESSAGE_LENGTH) return err('too-long');
  const fields = parseObject(text);
  if (!fields) return err('not-json');
  const reason = fields['failure reason'];
  const hash = fields['info_hash'];
  // A tracker that cannot read an announce says so without naming a torrent.
  if (typeof reason === 'string' && (hash === undefined || hash === binaryText(infoHash)))
    return ok({ kind: 'failure', reason: oneLine(reason) });
  if (hash !== binaryText(infoHash) || fields['action'] !== 'announce') return err('not-ours');
  if (isSet(fields['offer'])) return decodeSignal('offer', fields, peerId);
  if (isSet(fields['answer'])) return decodeSignal('answer', fields, peerId);
  return ok({
    kind: 'reply',
    intervalMs: secondsIn(fields['interval']) ?? secondsIn(fields['min interval']),
    trackerId: shortText(fields['tracker id'], MAX_TRACKER_TEXT_LENGTH),
  });
}

/** Tells the tracker how much is here, and has it hand out the offers, one to each of as many peers. */
export function encodeAnnounce(
  announcer: Announcer,
  stand: TorrentStand,
  event: 'started' | 'completed' | 'stopped' | undefined,
  offers: readonly MadeOffer[],
  trackerId: string | undefined,
): string {
  return JSON.stringify({
    ...common(announcer, trackerId),
    ...stand,
    event,
    numwant: offers.length,
    offers: offers.map(({ id, sdp }) => ({ offer: { type: 'offer', sdp }, offer_id: binaryText(id) })),
  });
}

/** The answer to an offer, for the tracker to pass on. */
export function encodeAnswer(
  announcer: Announcer,
  to: { readonly peerId: Uint8Array; readonly offerId: string },
  sdp: string,
  trackerId: string | undefined,
): string {
  return JSON.stringify({
    ...common(announcer, trackerId),
    to_peer_id: binaryText(to.peerId),
    offer_id: to.offerId,
    answer: { type: 'answer', sdp },
  });
}

function common({ infoHash, peerId }: Announcer, trackerId: string | undefined): object {
  return {
    action: 'announce',
    info_hash: binaryText(infoHash),
    peer_id: binaryText(peerId),
    trackerid: trackerId,
  };
}

type Fields = Readonly<Record<string, unknown>>;

function decodeSignal(
  kind: 'offer' | 'answer',
  fields: Fields,
  self: Uint8Array,
): Result<TrackerMessage, TrackerMessageError> {
  const peerId = idIn(fields['peer_id']);
  const offerId = shortText(fields['offer_id'], MAX_OFFER_ID_LENGTH);
  const description = asObject(fields[kind]);
  const sdp = shortText(description?.['sdp'], MAX_SDP_BYTES);
  if (!peerId || offerId === undefined || sdp === undefined || description?.['type'] !== kind) return err('malformed');
  if (binaryText(peerId) === binaryText(self)) return err('own');
  return ok({ kind, peerId, offerId, sdp });
}

function parseObject(text: string): Fields | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** A text of 1 to `most` units. */
function shortText(value: unknown, most: number): string | undefined {
  return typeof value === 'string' && value.length > 0 && value.length <= most ? value : undefined;
}

/** The bytes of a peer id, which JSON carries as the characters U+0000 to U+00FF. */
function idIn(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'string' || value.length !== ID_BYTES) return undefined;
  const codes = Array.from({ length: ID_BYTES }, (_, at) => value.charCodeAt(at));
  return codes.every((code) => code <= 0xff) ? Uint8Array.from(codes) : undefined;
}

function secondsIn(value: unknown): Millis | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value * 1000 : undefined;
}

/** Text of a stranger for people: one line, of bounded length. */
function oneLine(text: string): string {
  const line = text.slice(0, 4 * MAX_TRACKER_TEXT_LENGTH).replace(/[\p{C}\s]+/gu, ' ');
  return Array.from(line.trim()).slice(0, MAX_TRACKER_TEXT_LENGTH).join('');
}
