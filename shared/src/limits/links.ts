/** Caps and times of the link layer, of sealed mail and of identity. */

/** Largest message on the control channel. [bytes] 16 KiB is safe in every browser (RFC 8831 §6.6) and keeps control prompt. */
export const MAX_CONTROL_MESSAGE_BYTES = 16 * 1024;

/** Longest display name. [bytes of UTF-8] Fits a line of a list; longer ones are refused in the handshake. */
export const MAX_NAME_BYTES = 64;

/** First byte of a frame of the link layer itself: the handshake. */
export const LINK_FRAME = 0x00;

/** First byte of an overlay frame on the control channel: the overlay's wire version. */
export const OVERLAY_FRAME = 0x01;

/** First byte of a swarm frame on the control channel (agreeing on bulk channels). */
export const SWARM_FRAME = 0x02;

/** Version of the link handshake. A peer with another one is refused with a code of its own. */
export const LINK_VERSION = 3;

/** Random bytes that each side puts into the handshake. [bytes] 256 bits never repeat. */
export const HANDSHAKE_NONCE_BYTES = 32;

/** Frames held between the other side's PROOF and the end of our verification. [frames] Verifying takes about 1 ms. */
export const MAX_EARLY_FRAMES = 64;

/** The same in bytes: eight of the largest frames. */
export const MAX_EARLY_BYTES = 8 * MAX_CONTROL_MESSAGE_BYTES;

/** The data channel that carries control frames; bulk channels use ids from 1 on. [SCTP stream id] */
export const CONTROL_CHANNEL_ID = 0;

/** Highest id of a bulk channel. [SCTP stream id] Firefox negotiates 256 streams at first. */
export const MAX_CHANNEL_ID = 255;

/** Queued control bytes above which senders are told to wait. [bytes] A tenth of a second at 5 Mbit/s. */
export const CONTROL_HIGH_WATER_BYTES = 64 * 1024;

/** Queued control bytes at which senders may go on. [bytes] */
export const CONTROL_LOW_WATER_BYTES = 16 * 1024;

/** Queued control bytes above which further messages are refused outright. [bytes] For senders that do not wait. */
export const CONTROL_HARD_LIMIT_BYTES = 1024 * 1024;

/** Longest session description that is accepted. [bytes] Chromium's data-only ones measured 0.6 to 2.5 kB. */
export const MAX_SDP_BYTES = 8 * 1024;

/** Most candidates in a description that is accepted. [lines] Each costs connectivity checks (RFC 8445 §5.1.4: at most 100 pairs). */
export const MAX_SDP_CANDIDATES = 64;

/**
 * How long candidates are gathered when no TURN server is configured. [ms] Host candidates take under 50. STUN takes a round
 * trip, or that after 250 or 750 ms where libwebrtc's first one or two questions are lost (RFC 8489 §6.2.1; its own first
 * timeout is 250 ms). In a lab of routers on two cores a STUN server's answer took 60 ms (median of 104) and up to 378; at 400 ms
 * one in 17 times a description left without it, and two people were without a link for 25 s.
 */
export const GATHER_MS = 1_000;

/**
 * Quiet time after the candidate that was waited for, so that its siblings come along. [ms] Measured in Chromium:
 * all host candidates within 2 ms, but the word that gathering is complete only 120 ms later.
 */
export const GATHER_QUIET_MS = 25;

/** The same as `GATHER_MS` while a TURN server is configured and has not answered: without its candidate there is no fallback. [ms] */
export const GATHER_TURN_MS = 2_000;

/** The same when only relayed candidates are allowed: without one there is nothing to offer. [ms] */
export const GATHER_RELAY_ONLY_MS = 5_000;

/** How long an ICE connection may stay `disconnected` before it counts as dead. [ms] Chromium says so about 5 s after the last answer. */
export const DISCONNECTED_GRACE_MS = 3_500;

/** One attempt to open a link, from the first candidate to both proofs. [ms] ICE needs about 10 s at worst over TURN/TCP. */
export const ATTEMPT_TIMEOUT_MS = 15_000;

/**
 * How often an offer or answer is sent again that may be lost. [times] Once for each side that is back after an outage. A peer
 * that offers the same again and again gets no more out of it.
 */
export const MAX_DESCRIPTION_REPEATS = 2;

/** How long a wish for a link may wait for a free dial. [ms] Two attempts' worth. */
export const DIAL_QUEUE_TIMEOUT_MS = 30_000;

/** How often path and round-trip time of links are read. [ms] */
export const LINK_STATS_INTERVAL_MS = 5_000;

/** Shortest and longest time in which a peer that could not be reached is not tried again. [ms] Random, so that peers do not retry in step. */
export const NEGATIVE_CACHE_MIN_MS = 10_000;
export const NEGATIVE_CACHE_MAX_MS = 15_000;

/** Longest pause after repeated ICE failures with one peer. [ms] Networks change; ten minutes is a coffee. */
export const NEGATIVE_CACHE_CAP_MS = 10 * 60_000;

/** Peers whose failures are remembered. [peers] */
export const MAX_NEGATIVE_ENTRIES = 512;

/** Signals that are being opened at once; further ones are dropped. [mails] Opening one takes about 1 ms. */
export const MAX_SIGNALS_IN_WORK = 64;

/** The same of calls and application messages, many of which may come from many peers at a time. [mails] Half a second's work, 8 MB. */
export const MAX_LETTERS_IN_WORK = 512;

/** Bounds of the connection ledger. All in connections. */
export interface LedgerLimits {
  /** What the overlay aims for. Its own dials stop half-way to `overlayHard`; the rest is left to peers that dial us. */
  readonly overlayTarget: number;
  readonly overlayHard: number;
  /** Connections opened for swarms alone. */
  readonly swarmMax: number;
  /** Kept free for calls, which have connections of their own. */
  readonly callReserve: number;
  /** Attempts of ours under way; further ones wait. */
  readonly maxDials: number;
  /** Attempts of others under way; further offers are rejected. */
  readonly maxAnswers: number;
  /** Attempts of ours that wait, per purpose. */
  readonly maxWaiting: number;
}

/** Chromium throws at 500 connections per page and slows down long before; 112 in all leaves room. */
export const DESKTOP_LEDGER: LedgerLimits = {
  overlayTarget: 40,
  overlayHard: 64,
  swarmMax: 40,
  callReserve: 8,
  maxDials: 4,
  maxAnswers: 16,
  maxWaiting: 64,
};

/** 16 connections for links: each costs a phone radio wake-ups and about 1 MB. */
export const PHONE_LEDGER: LedgerLimits = {
  overlayTarget: 8,
  overlayHard: 10,
  swarmMax: 6,
  callReserve: 2,
  maxDials: 2,
  maxAnswers: 4,
  maxWaiting: 32,
};

/**
 * Offers that are answered of those that one neighbour, or the server, brings in a burst. [offers] All links of a peer at once.
 * Each has a connection made, which a browser gives back late and throws at 500 of.
 */
export const OFFER_BURST = 64;

/** How fast that burst grows back. [offers/s] A peer with 40 links of two minutes each answers one in three seconds, of all neighbours. */
export const OFFERS_PER_SECOND = 2;

/** Neighbours whose offers are counted. [peers] Twice the overlay's hard limit, so that relinking resets nothing. */
export const MAX_OFFER_RATES = 128;

/** Largest sealed mail. [bytes] Fits an overlay frame with its header. */
export const MAX_MAIL_BYTES = 15 * 1024;

/** Longest life of a mail. [ms] A call rings for 60 s; nothing needs longer. */
export const MAX_MAIL_TTL_MS = 5 * 60_000;

/** How far two peers' ideas of the time may be apart. [ms] Generous: a node that has no links yet has only its own clock. */
export const MAX_CLOCK_SKEW_MS = 10 * 60_000;

/** Message ids remembered against replay: in all, and of one sender, so that one peer cannot push out the others'. [ids] */
export const MAX_SEEN_MAILS = 8_192;
export const MAX_SEEN_MAILS_PER_SENDER = 512;

/** Senders with remembered message ids. [peers] */
export const MAX_MAIL_SENDERS = 1_024;
