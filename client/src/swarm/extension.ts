import { utf8Decode } from '../../../shared/src/bytes.ts';
import { MAX_INFO_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { MAX_EXTENSION_VALUES, MAX_QUEUED_REQUESTS } from '../../../shared/src/limits/swarm.ts';
import {
  type BencodeDictionary,
  type BencodeInput,
  bytesOf,
  decodeBencode,
  decodeBencodePrefix,
  dictionaryOf,
  encodeBencode,
  integerOf,
} from './bencode.ts';

/** Extension message id of the handshake itself (BEP 10). */
export const EXTENDED_HANDSHAKE = 0;

/**
 * The id under which we ask to be sent ut_metadata messages. The same for all nodes, as they are asked for metadata before they
 * have said so.
 */
export const OUR_METADATA_ID = 1;

/** The id under which we ask to be sent messages of the peer exchange. */
export const OUR_EXCHANGE_ID = 2;

/** Name of the peer exchange by node id among extensions. */
const EXCHANGE_NAME = 'skein_pex';

/** Name and version, as BEP 10 lets a client tell. */
const CLIENT_NAME = 'Skein 0.1';

/** Longest name of a program that is kept. [characters] */
const MAX_PROGRAM_LENGTH = 40;

/** What a peer's extension handshake says, as far as we use it. */
export interface ExtendedHandshake {
  /** Id for ut_metadata messages to the peer; 0 when it takes them back, undefined when it says nothing of them. */
  readonly metadataId: number | undefined;
  /** Id for messages of the peer exchange, likewise. */
  readonly exchangeId: number | undefined;
  /** Length of its info dictionary; undefined when it does not have it. [bytes] */
  readonly metadataSize: number | undefined;
  /** Requests that the peer queues (`reqq`); undefined when it does not say. */
  readonly maxRequests: number | undefined;
  /** Name and version of its program (`v`), in one line of at most MAX_PROGRAM_LENGTH; undefined when it says none. */
  readonly program: string | undefined;
}

/** A ut_metadata message (BEP 9). `bytes` alias the payload. */
export type MetadataMessage =
  | { readonly kind: 'request'; readonly block: number }
  | { readonly kind: 'reject'; readonly block: number }
  | { readonly kind: 'data'; readonly block: number; readonly totalSize: number; readonly bytes: Uint8Array };

/**
 * The payload of our extension handshake; `metadataSize` is undefined before we have the metadata. In a private torrent
 * (BEP 27), and with strangers, peers are not exchanged: that is said by the id 0, which takes an earlier one back (BEP 10).
 */
export function encodeExtendedHandshake(metadataSize: number | undefined, exchangesPeers = true): Uint8Array {
  const handshake = new Map<string, BencodeInput>([
    [
      'm',
      new Map([
        [EXCHANGE_NAME, exchangesPeers ? OUR_EXCHANGE_ID : 0],
        ['ut_metadata', OUR_METADATA_ID],
      ]),
    ],
    ['reqq', MAX_QUEUED_REQUESTS],
    ['v', CLIENT_NAME],
  ]);
  if (metadataSize !== undefined) handshake.set('metadata_size', metadataSize);
  return encodeBencode(handshake);
}

/** Total; undefined when the payload is no bencoded dictionary. Entries that make no sense count as absent. */
export function decodeExtendedHandshake(payload: Uint8Array): ExtendedHandshake | undefined {
  const document = decodeBencode(payload, MAX_EXTENSION_VALUES);
  if (!document.ok || document.value.kind !== 'dictionary') return undefined;
  const names = dictionaryOf(document.value, 'm');
  return {
    metadataId: names && integerIn(names, 'ut_metadata', 0, 255),
    exchangeId: names && integerIn(names, EXCHANGE_NAME, 0, 255),
    metadataSize: integerIn(document.value, 'metadata_size', 1, MAX_INFO_BYTES),
    maxRequests: integerIn(document.value, 'reqq', 1, Number.MAX_SAFE_INTEGER),
    program: programIn(document.value),
  };
}

const REQUEST = 0;
const DATA = 1;
const REJECT = 2;

export function encodeMetadataRequest(block: number): Uint8Array {
  return encodeMetadata(REQUEST, block);
}

export function encodeMetadataReject(block: number): Uint8Array {
  return encodeMetadata(REJECT, block);
}

/** The dictionary in front of a metadata block; the block's bytes follow it in the same message. */
export function encodeMetadataDataHeader(block: number, totalSize: number): Uint8Array {
  return encodeBencode(
    new Map([
      ['msg_type', DATA],
      ['piece', block],
      ['total_size', totalSize],
    ]),
  );
}

/** Total; `malformed` for what BEP 9 does not allow, `unknown` for message types of later versions, to be ignored. */
export function decodeMetadataMessage(payload: Uint8Array): MetadataMessage | 'malformed' | 'unknown' {
  const prefix = decodeBencodePrefix(payload, MAX_EXTENSION_VALUES);
  if (!prefix.ok || prefix.value.kind !== 'dictionary') return 'malformed';
  const type = integerOf(prefix.value, 'msg_type');
  const block = integerIn(prefix.value, 'piece', 0, MAX_INFO_BYTES);
  if (type === undefined || block === undefined) return 'malformed';
  if (type === REQUEST || type === REJECT) {
    if (prefix.value.end !== payload.length) return 'malformed';
    return { kind: type === REQUEST ? 'request' : 'reject', block };
  }
  if (type !== DATA) return 'unknown';
  const totalSize = integerIn(prefix.value, 'total_size', 1, MAX_INFO_BYTES);
  if (totalSize === undefined) return 'malformed';
  return { kind: 'data', block, totalSize, bytes: payload.subarray(prefix.value.end) };
}

function encodeMetadata(type: number, block: number): Uint8Array {
  return encodeBencode(
    new Map([
      ['msg_type', type],
      ['piece', block],
    ]),
  );
}

/** Without what is no text or would turn the text around it. */
function programIn(dictionary: BencodeDictionary): string | undefined {
  const text = utf8Decode(bytesOf(dictionary, 'v') ?? new Uint8Array(0));
  const line = text?.replace(/[\p{C}\s]+/gu, ' ').trim() ?? '';
  return Array.from(line).slice(0, MAX_PROGRAM_LENGTH).join('') || undefined;
}

function integerIn(dictionary: BencodeDictionary, key: string, least: number, most: number): number | undefined {
  const value = integerOf(dictionary, key);
  return value !== undefined && value >= least && value <= most ? value : undefined;
}
