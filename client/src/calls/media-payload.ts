import { Reader, Writer, utf8Decode, utf8Encode, utf8Length } from '../../../shared/src/bytes.ts';
import { MAX_CANDIDATES, MAX_CANDIDATE_BYTES, MAX_SDP_BYTES } from '../../../shared/src/limits/calls.ts';

/** One local ICE candidate, with the fields of the browser's `RTCIceCandidateInit` that matter. */
export interface Candidate {
  /** The candidate line; empty: no more candidates of this generation (RFC 8838 §8.1). */
  readonly candidate: string;
  readonly sdpMid: string | null;
  readonly sdpMLineIndex: number | null;
  /** Tells candidates of before an ICE restart from those after it. */
  readonly usernameFragment: string | null;
}

/** What travels inside a `media` message. */
export type MediaPayload =
  | { readonly kind: 'offer' | 'answer'; readonly sdp: string }
  | { readonly kind: 'candidates'; readonly candidates: readonly Candidate[] };

const OFFER = 1;
const ANSWER = 2;
const CANDIDATES = 3;

/** Stands for "no index" on the wire; a description has far fewer media sections. */
const NO_INDEX = 0xff;

/** Longest mid and username fragment. [bytes] Browsers use 1 to 8. */
const MAX_TAG_BYTES = 64;

/** The bytes of a payload, or undefined when it is over its caps. */
export function encodeMediaPayload(payload: MediaPayload): Uint8Array | undefined {
  if (payload.kind === 'candidates') return encodeCandidates(payload.candidates);
  const sdp = utf8Encode(payload.sdp);
  if (sdp.length > MAX_SDP_BYTES) return undefined;
  return new Writer(sdp.length + 1)
    .u8(payload.kind === 'offer' ? OFFER : ANSWER)
    .bytes(sdp)
    .done();
}

/** Decodes one payload. Total: undefined for anything that is not exactly one payload within its caps. */
export function decodeMediaPayload(bytes: Uint8Array): MediaPayload | undefined {
  const reader = new Reader(bytes);
  const type = reader.u8();
  if (type === CANDIDATES) return decodeCandidates(reader);
  if ((type !== OFFER && type !== ANSWER) || reader.remaining > MAX_SDP_BYTES) return undefined;
  const sdp = utf8Decode(reader.rest());
  return sdp ? { kind: type === OFFER ? 'offer' : 'answer', sdp } : undefined;
}

function encodeCandidates(candidates: readonly Candidate[]): Uint8Array | undefined {
  if (candidates.length > MAX_CANDIDATES) return undefined;
  const writer = new Writer(candidates.length * 128 + 2).u8(CANDIDATES).u8(candidates.length);
  for (const candidate of candidates) {
    const line = utf8Encode(candidate.candidate);
    const [mid, fragment] = [candidate.sdpMid ?? '', candidate.usernameFragment ?? ''];
    if (line.length > MAX_CANDIDATE_BYTES || !isTag(mid) || !isTag(fragment)) return undefined;
    writer
      .bytes16(line)
      .u8(candidate.sdpMLineIndex ?? NO_INDEX)
      .text8(mid)
      .text8(fragment);
  }
  return writer.done();
}

function decodeCandidates(reader: Reader): MediaPayload | undefined {
  const count = reader.u8();
  if (count > MAX_CANDIDATES) return undefined;
  const candidates: Candidate[] = [];
  for (let i = 0; i < count && reader.ok; i++) {
    const candidate = readCandidate(reader);
    if (!candidate) return undefined;
    candidates.push(candidate);
  }
  return reader.atEnd() ? { kind: 'candidates', candidates } : undefined;
}

function isTag(text: string): boolean {
  return utf8Length(text) <= MAX_TAG_BYTES;
}

function readCandidate(reader: Reader): Candidate | undefined {
  const line = reader.bytes16();
  const candidate = utf8Decode(line);
  const index = reader.u8();
  const sdpMid = reader.text8();
  const usernameFragment = reader.text8();
  if (candidate === undefined || line.length > MAX_CANDIDATE_BYTES) return undefined;
  if (!isTag(sdpMid) || !isTag(usernameFragment)) return undefined;
  return {
    candidate,
    sdpMid: sdpMid === '' ? null : sdpMid,
    sdpMLineIndex: index === NO_INDEX ? null : index,
    usernameFragment: usernameFragment === '' ? null : usernameFragment,
  };
}
