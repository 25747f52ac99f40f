/** Flag of a PROBE: the answer is to name the contacts closest to the one who asks. */
export const PROBE_WANTS_CONTACTS = 1;

/** The payload of a PROBE: its flags. */
export function encodeProbe(flags: number): Uint8Array {
  return new Uint8Array([flags]);
}

/** The flags of a PROBE; undefined when malformed. Unknown flags are ignored. */
export function decodeProbe(payload: Uint8Array): number | undefined {
  return payload.length === 1 ? payload[0] : undefined;
}
