import { fromHex } from '../../../../shared/src/bytes.ts';
import { MAX_SDP_BYTES, MAX_SDP_CANDIDATES } from '../../../../shared/src/limits/links.ts';

/** Length of a SHA-256 certificate fingerprint. [bytes] RFC 8122 §5. */
const FINGERPRINT_BYTES = 32;

/**
 * Why a description from another peer is not taken, or undefined when it is: one data section and nothing else, few
 * candidates, and SHA-256 fingerprints only. Another hash beside it could vouch for a certificate that the handshake
 * never sees.
 */
export function findSdpFault(sdp: string): string | undefined {
  if (sdp.length > MAX_SDP_BYTES) return 'the description is too long';
  const lines = sdp.split(/\r?\n/);
  const media = lines.filter((line) => line.startsWith('m='));
  if (media.length !== 1 || !media[0]?.startsWith('m=application ')) return 'the description is not for data alone';
  if (lines.filter((line) => line.startsWith('a=candidate:')).length > MAX_SDP_CANDIDATES) return 'too many candidates';
  if (!parseFingerprint(sdp)) return 'the description has no single SHA-256 fingerprint';
  return undefined;
}

/** The one SHA-256 certificate fingerprint that a description names; undefined when there is none or another. */
export function parseFingerprint(sdp: string): Uint8Array | undefined {
  const values = new Set<string>();
  for (const [, hash, value] of sdp.matchAll(/^a=fingerprint:(\S+) +(\S+)\s*$/gim)) {
    if (hash?.toLowerCase() !== 'sha-256' || value === undefined) return undefined;
    values.add(value.toLowerCase());
  }
  const [only] = values;
  if (only === undefined || values.size !== 1) return undefined;
  const bytes = fromHex(only.replaceAll(':', ''));
  return bytes?.length === FINGERPRINT_BYTES ? bytes : undefined;
}

/** A type of candidate (RFC 8445 §5.1.1). */
export type CandidateType = 'host' | 'srflx' | 'relay';

/** True when the description has a candidate of that type; without one, when it has any. */
export function hasCandidate(sdp: string, type: CandidateType | '' = ''): boolean {
  return sdp.includes(` typ ${type}`);
}

/** True when one of the servers is a TURN server. */
export function hasTurnServer(servers: readonly RTCIceServer[]): boolean {
  return servers.some(({ urls }) => [urls].flat().some((url) => /^turns?:/i.test(url)));
}
