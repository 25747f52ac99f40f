import { parseCandidate } from '../links/packed-candidate.ts';

/**
 * True for a candidate at an address, or at a name that a browser hides one behind. Any other name the browser would ask the
 * name servers for: of a caller's choice, and before anybody has answered.
 */
export function isAtAddress(candidate: string): boolean {
  return parseCandidate(candidate) !== undefined;
}

/** A description without its other candidates. */
export function withoutNamedHosts(sdp: string): string {
  const isMeant = (line: string): boolean => !line.startsWith('a=candidate:') || isAtAddress(line);
  return sdp
    .split(/[\r\n]+/)
    .filter(isMeant)
    .join('\r\n');
}
