/** Caps and times of the conversation between a peer and the signaling server. Both ends hold to them. */

/** Largest socket.io message. [bytes] Room for the largest signal and its envelope; a larger one closes its socket. */
export const MAX_SIGNALING_MESSAGE_BYTES = 64 * 1024;

/** Largest sealed signal. [bytes] An offer with every candidate in it is 2 to 6 kB; the rest is room for calls. */
export const MAX_SIGNAL_BYTES = 32 * 1024;

/** Length of the server's challenge. [bytes] 256 bits cannot repeat or be guessed. */
export const CHALLENGE_BYTES = 32;

/** Length of an Ed25519 signature. [bytes] RFC 8032 §5.1.6. */
export const SIGNATURE_BYTES = 64;

/** Most peers in an introduction. [contacts] The first 3 to 5 links make a peer reachable; the overlay brings the rest. */
export const MAX_INTRODUCTIONS = 5;

/** Most peers in a tracker's answer. [contacts] BEP 3 clients ask for 50 by default. */
export const MAX_TRACKER_PEERS = 50;

/** How long a request waits for its answer. [ms] Longer than any sane round trip, short enough to try elsewhere. */
export const SIGNALING_REQUEST_TIMEOUT_MS = 5_000;

/** How often a peer announces itself to the tracker. [ms] WebTorrent's servers ask for 120 s. */
export const ANNOUNCE_INTERVAL_MS = 120_000;

/** How often the server asks a socket for a sign of life. [ms] A vanished tab must not be introduced for long. */
export const PING_INTERVAL_MS = 10_000;

/** How long the server waits for that sign. [ms] A background tab may answer seconds late. */
export const PING_TIMEOUT_MS = 10_000;

/** Longest life of TURN credentials. [ms] Ten minutes: a leaked credential is soon worthless. */
export const MAX_TURN_CREDENTIAL_MS = 600_000;

/** Most ICE servers that a client takes from `/config.json`. [entries] Browsers slow down from five on. */
export const MAX_ICE_SERVERS = 8;

/** Longest URL in `/config.json`. [characters] Far above any STUN, TURN or LAN address. */
export const MAX_CONFIG_URL_LENGTH = 512;
