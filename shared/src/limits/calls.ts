/** Caps and timing of calls. Timers carry their names of RFC 3261 Table 4. */

/** Length of a call id. [bytes] Random, so that nobody who is not part of a call can name it. */
export const CALL_ID_BYTES = 16;

/** Largest call message. [bytes] Sealed and routed it must still fit one control message of 16 KiB. */
export const MAX_CALL_MESSAGE_BYTES = 14 * 1024;

/** Largest payload of a `media` message. [bytes] What the cap leaves after version, type, call id and sequence. */
export const MAX_MEDIA_PAYLOAD_BYTES = MAX_CALL_MESSAGE_BYTES - 22;

/** Devices one address may have, and so the branches of one INVITE. Caps what one call makes others carry. */
export const MAX_DEVICES = 8;

/** T1: first retransmission interval. [ms] RFC 3261 §17.1.1.1. */
export const TIMER_T1_MS = 500;

/** T2: longest retransmission interval. [ms] RFC 3261 §17.1.2.2. */
export const TIMER_T2_MS = 4000;

/**
 * B: an INVITE without any response is given up. [ms] RFC 3261 waits 32 s for networks of its day; a routed message
 * is acknowledged hop by hop here, so five transmissions in 8 s without an answer mean that nobody is there.
 */
export const TIMER_B_MS = 8000;

/** C: a call that nobody answers. [ms] RFC 3261 §16.6 lets proxies wait over 3 min; phones ring about a minute. */
export const TIMER_C_MS = 60_000;

/** H: a final response that is never acknowledged; also F, a CANCEL or BYE without an answer. [ms] 64·T1. */
export const TIMER_H_MS = 32_000;

/** D: how long an ended call is remembered, so that late copies of its messages cannot revive it. [ms] 64·T1. */
export const TOMBSTONE_MS = 32_000;

/** How much longer the callee rings than the caller waits, so that the caller's CANCEL comes first. [ms] One T2. */
export const RING_GRACE_MS = 4000;

/**
 * How often a device that rings says 180 again. [ms] The caller answers CANCEL when the call is over there, which the device may
 * not have heard: it slept, or somebody carried an old INVITE once more. RFC 3261 §13.3.1.1 has it said every minute, for proxies.
 */
export const RINGING_AGAIN_MS = 10_000;

/** An INVITE older than this does not ring: it would end before anyone could answer. [ms] */
export const MAX_INVITE_AGE_MS = TIMER_C_MS - 5000;

/** How long a carrier may keep trying to deliver one message. [ms] T2: by then the next copy is on its way. */
export const CALL_MAIL_WITHIN_MS = TIMER_T2_MS;

/** INVITEs in a row that nobody could carry before the device counts as unreachable. One may meet a route in repair. */
export const MAX_UNDELIVERABLE_INVITES = 2;

/** Other messages in a row that nobody could carry before their retransmission is given up. */
export const MAX_UNDELIVERABLE_OTHERS = 4;

/** Ended calls remembered. A few per minute are normal; the oldest goes first. */
export const MAX_TOMBSTONES = 64;

/**
 * Ended calls remembered of one peer, so that one caller cannot push out those of others. So many that it made and that came to
 * nothing, and no further one of it rings until the oldest is forgotten: each has the browser make a connection.
 */
export const MAX_TOMBSTONES_PER_PEER = 8;

/**
 * Calls of all callers together that ring within RINGS_WITHIN_MS; to more the device is busy. Nobody has so many, and whoever makes
 * many identities has the browser make no more connections than that: it has some hundreds, those that are closed included.
 */
export const MAX_RINGS = 24;

/** See MAX_RINGS. [ms] As long as ended calls are remembered, and so a caller's own are counted. */
export const RINGS_WITHIN_MS = TOMBSTONE_MS;

/** Messages awaiting an answer: the branches of one call, and of the ones just ended. */
export const MAX_TRANSACTIONS = 64;

/** `media` and `muted` messages sent and not yet acknowledged. 8 of at most 14 KiB bound a burst to 112 KiB. */
export const MAX_MEDIA_IN_FLIGHT = 8;

/** `media` and `muted` messages held for one call. A negotiation takes about 6; more means nothing gets through. */
export const MAX_MEDIA_QUEUE = 64;

/** Messages kept that arrived before the one that is due. At least what a sender may have in flight. */
export const MAX_MEDIA_AHEAD = 16;

/** How long a location record lives. [ms] A tab that dies without a word is gone after this. */
export const LOCATION_TTL_MS = 20 * 60_000;

/** How often it is put again. [ms] Half the TTL: one lost refresh does no harm. */
export const LOCATION_REFRESH_MS = 10 * 60_000;

/** How soon a failed refresh is tried again. [ms] */
export const LOCATION_RETRY_MS = 30_000;

/** Largest location record. [bytes] The overlay's cap on a value. */
export const MAX_LOCATION_BYTES = 1024;

/** How long a call waits for a location record before it rings the device of that id straight. [ms] */
export const RESOLVE_WITHIN_MS = 1500;

/** Largest session description. [bytes] Audio and video with the codecs we keep take 3 to 6 kB. */
export const MAX_SDP_BYTES = 12 * 1024;

/** Candidates in one message. Gathering on a machine with several interfaces gives 10 to 20. */
export const MAX_CANDIDATES = 32;

/**
 * Candidates that the other side may name between two ICE restarts, those in its descriptions included. A machine with many
 * interfaces and TURN servers has 20 or 30; the browser keeps and tries each, and what it keeps it compares with each new one.
 */
export const MAX_REMOTE_CANDIDATES = 128;

/** Longest candidate line. [bytes] An IPv6 relay candidate takes about 200. */
export const MAX_CANDIDATE_BYTES = 384;

/** How long local candidates are collected before they are sent together. [ms] One message instead of ten. */
export const CANDIDATE_BATCH_MS = 50;

/** How long the connection may be `disconnected` before ICE restarts. [ms] Shorter blips heal by themselves. */
export const ICE_RESTART_AFTER_MS = 2000;

/** How much longer the callee waits with its own ICE restart, so that usually only one side offers. [ms] */
export const POLITE_RESTART_EXTRA_MS = 1000;

/** A call without a media path is given up after this. [ms] Longer than a network switch takes with its ICE restart. */
export const MEDIA_GIVE_UP_MS = 30_000;

/** The same when this side gathered not one candidate: nothing is left that could connect. [ms] */
export const NO_CANDIDATES_GIVE_UP_MS = 5000;

/** Pause before the selected candidate pair is looked for again, when the browser does not name it yet. [ms] */
export const PATH_RETRY_MS = 250;

// Files beside a call

/** How often a call looks whether files keep its line busy. [ms] As often as RTCP tells of pictures. */
export const YIELD_PERIOD_MS = 1000;

/** How long media may wait on its way before files count as too fast. [ms] LEDBAT++'s target (draft-irtf-iccrg-ledbat-plus-plus, §4.3). */
export const YIELD_TARGET_MS = 60;

/** Uploads are not slowed below this. [bytes/s] A quarter of a slow DSL line's 1 Mbit/s: others still get something. */
export const YIELD_FLOOR_UP = 32_000;

/** Downloads are not slowed below this. [bytes/s] The same of what such a line takes, 4 Mbit/s. */
export const YIELD_FLOOR_DOWN = 128_000;

/** Pause after uploads were slowed before they are again. [ms] What waits must drain, and the next round trips must tell. */
export const YIELD_HOLD_UP_MS = 3000;

/** The same of downloads. [ms] Before that comes what peers were asked for at the old rate (`PIPELINE_MS`). */
export const YIELD_HOLD_DOWN_MS = 6000;

/**
 * How much faster files may become with each measurement that found no queue: before the first one was found, and after. What is
 * too fast by an eighth has a quarter of a second waiting by the time that two round trips have told of it; routers keep more.
 */
export const YIELD_START_GROWTH = 1.12;
export const YIELD_GROWTH = 1.05;

/** Slowing files helped when media waits no more than this share of what it waited before. [0..1] Guess. */
export const YIELD_HELPED = 0.5;

/**
 * So often in a row slowing files may change nothing before the queue is taken for somebody else's. Once may be too little: a
 * call whose picture grows takes what files gave up.
 */
export const YIELD_FRUITLESS = 2;

/** For how long files are let go then. [ms] Guess: some times as long as finding out took. */
export const YIELD_RELEASE_MS = 60_000;

/** The shortest delay is that of the last minutes. [minutes] Routes change (RFC 6817 §3.4.2, BASE_HISTORY). */
export const YIELD_BASE_MINUTES = 10;
