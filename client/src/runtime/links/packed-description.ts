import { Reader, Writer, equalBytes, fromHex, toHex, utf8Decode, utf8Encode } from '../../../../shared/src/bytes.ts';
import { MAX_SDP_CANDIDATES } from '../../../../shared/src/limits/links.ts';
import { formatCandidate, isDecimal, parseCandidate, readCandidate, writeCandidate } from './packed-candidate.ts';

/** The first byte of a packed description has this bit and none above it; that of a text is above all of them. */
const PACKED_BIT = 0x10;
const TRICKLE_BIT = 4;
const COMPLETE_BIT = 8;
const SETUPS = ['actpass', 'active', 'passive'] as const;
const FINGERPRINT_BYTES = 32;

/** Names and passwords of ICE (RFC 8839 §5.4). */
const ICE_CHARS = /^[A-Za-z0-9+/]{4,255}$/;

/** What a peer takes that does not say how long its messages may be. [bytes] RFC 8841 §6. */
const DEFAULT_MESSAGE_SIZE = 65_536;

const MEDIA = /^m=application [0-9]+ UDP\/DTLS\/SCTP webrtc-datachannel$/;

/** True when the bytes are meant as a packed description. */
export function isPacked(bytes: Uint8Array): boolean {
  return (bytes[0] ?? 0) < 2 * PACKED_BIT;
}

/**
 * What two peers need of the description of a connection for data alone: how to reach the other and who it is. The rest of
 * the text is the same in each. Undefined: the description says something that has no place here, and goes as text.
 */
export function packDescription(sdp: string): Uint8Array | undefined {
  const lines = sdp.split(/\r?\n/);
  const valuesOf = (name: string): string[] =>
    lines.flatMap((line) => (line.startsWith(`a=${name}:`) ? [line.slice(name.length + 3).trim()] : []));
  const only = (name: string, missing = ''): string => {
    const values = valuesOf(name);
    return values.length === 0 ? missing : new Set(values).size === 1 ? (values[0] as string) : '';
  };
  const media = lines.filter((line) => line.startsWith('m='));
  const isForData = media.length === 1 && MEDIA.test(media[0] as string);
  const isUsual = only('mid') === '0' && only('sctp-port') === '5000' && !lines.includes('a=ice-lite');
  const setup = SETUPS.findIndex((each) => each === only('setup'));
  const fingerprint = fromHex(/^sha-256 ([0-9A-F:]+)$/i.exec(only('fingerprint'))?.[1]?.replaceAll(':', '') ?? '');
  const [ufrag, password] = [only('ice-ufrag'), only('ice-pwd')];
  const messageSize = only('max-message-size', String(DEFAULT_MESSAGE_SIZE));
  const candidates = valuesOf('candidate').map(parseCandidate);
  if (!isForData || !isUsual || setup < 0 || fingerprint?.length !== FINGERPRINT_BYTES) return undefined;
  if (!ICE_CHARS.test(ufrag) || !ICE_CHARS.test(password) || !isDecimal(messageSize, 0xffff_ffff)) return undefined;
  if (candidates.length > MAX_SDP_CANDIDATES) return undefined;
  const isTrickling = only('ice-options').split(' ').includes('trickle');
  const isComplete = lines.includes('a=end-of-candidates');
  const writer = new Writer(256).u8(
    PACKED_BIT | setup | (isTrickling ? TRICKLE_BIT : 0) | (isComplete ? COMPLETE_BIT : 0),
  );
  for (const text of [ufrag, password]) writer.u8(text.length).bytes(utf8Encode(text));
  writer.bytes(fingerprint).u32(Number(messageSize)).u8(candidates.length);
  for (const candidate of candidates) {
    if (!candidate) return undefined;
    writeCandidate(writer, candidate);
  }
  return writer.done();
}

/** The description that was packed, in its plainest form. Undefined: malformed, or not what `packDescription` makes. */
export function unpackDescription(bytes: Uint8Array): string | undefined {
  const reader = new Reader(bytes);
  const head = reader.u8();
  const setup = SETUPS[head & 3];
  const [ufrag, password] = [readText(reader), readText(reader)];
  const fingerprint = toHex(reader.bytes(FINGERPRINT_BYTES)).toUpperCase();
  const messageSize = reader.u32();
  const count = reader.u8();
  if (!reader.ok || setup === undefined || count > MAX_SDP_CANDIDATES) return undefined;
  const candidates: string[] = [];
  for (let index = 0; index < count; index++) {
    const candidate = readCandidate(reader);
    if (!candidate) return undefined;
    candidates.push(`a=candidate:${formatCandidate(candidate, index)}`);
  }
  if (!reader.atEnd()) return undefined;
  const lines = [
    ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0'],
    ...['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'c=IN IP4 0.0.0.0'],
    ...candidates,
    ...((head & COMPLETE_BIT) === 0 ? [] : ['a=end-of-candidates']),
    ...[`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${password}`],
    ...((head & TRICKLE_BIT) === 0 ? [] : ['a=ice-options:trickle']),
    `a=fingerprint:sha-256 ${(fingerprint.match(/../g) ?? []).join(':')}`,
    ...[`a=setup:${setup}`, 'a=mid:0', 'a=sctp-port:5000', `a=max-message-size:${messageSize}`],
  ];
  const sdp = `${lines.join('\r\n')}\r\n`;
  const packed = packDescription(sdp);
  return packed && equalBytes(packed, bytes) ? sdp : undefined;
}

/** What a name holds beyond the letters of ICE shows when the description is packed again. */
function readText(reader: Reader): string {
  return utf8Decode(reader.bytes(reader.u8())) ?? '';
}
