/** Caps of the link layer. */

/** Largest message on the control channel. [bytes] 16 KiB is safe in every browser (RFC 8831 §6.6) and keeps control prompt. */
export const MAX_CONTROL_MESSAGE_BYTES = 16 * 1024;

/** Longest display name. [bytes of UTF-8] Fits a line of a list; longer ones are refused in the handshake. */
export const MAX_NAME_BYTES = 64;

/** First byte of an overlay frame on the control channel: the overlay's wire version. */
export const OVERLAY_FRAME = 0x01;

/** First byte of a swarm frame on the control channel (agreeing on bulk channels). */
export const SWARM_FRAME = 0x02;
