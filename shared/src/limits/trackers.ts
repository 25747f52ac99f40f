/** Caps and times of WebTorrent trackers and of the strangers that they introduce. Figures named "WebTorrent" are its own. */

/** Trackers of one torrent that are asked, of a hybrid one by both hashes; further ones are only shown. */
export const MAX_ASKED_TRACKERS = 4;

/** Connections to trackers in one tab. A torrent beyond it asks when another has ended. */
export const MAX_TRACKER_SOCKETS = 32;

/** Offers in one announce. WebTorrent: at most five, since each costs a connection that may never be. */
export const MAX_ANNOUNCED_OFFERS = 5;

/** Offers in one announce of who lacks nothing, or has sources enough: those who do not, offer themselves. */
export const MAX_GIVER_OFFERS = 2;

/** Offers of one torrent at one tracker that wait for an answer: those of two announces. */
export const MAX_PENDING_OFFERS = 2 * MAX_ANNOUNCED_OFFERS;

/** An offer that nobody answered is taken back. [ms] WebTorrent `OFFER_TIMEOUT`. */
export const OFFER_PATIENCE_MS = 50_000;

/** Offers of others through one tracker that are being answered at once, for one torrent. */
export const MAX_ANSWERING = 5;

/** Strangers of one torrent, those being connected included. As many peers as a torrent looks for. */
export const MAX_STRANGERS = 20;

/**
 * Connections to strangers in one tab, offers that wait included. Beside the links of the overlay; a browser has room for
 * some hundred.
 */
export const MAX_STRANGER_CONNECTIONS = 40;

/** Of these, most that may be taken by offers: answers to others lead to somebody for certain. */
export const MAX_OFFER_CONNECTIONS = 30;

/** And by offers of who lacks nothing. */
export const MAX_GIVER_CONNECTIONS = 10;

/** A connection to a stranger that did not come to be is given up. [ms] WebTorrent `CONNECT_TIMEOUT_WEBRTC`. */
export const STRANGER_CONNECT_MS = 25_000;

/** Strangers remembered that are not to be connected again for a while, of one torrent. The oldest is forgotten first. */
export const MAX_RESTING_STRANGERS = 200;

/** A stranger that was of no use, or lied, is not connected again for so long. [ms] */
export const STRANGER_REST_MS = 300_000;

/** Longest message of a tracker that is read. [UTF-16 units] A description of MAX_SDP_BYTES, escaped, and room beside it. */
export const MAX_TRACKER_MESSAGE_LENGTH = 32 * 1024;

/** Longest id that a peer gives its offer. [characters] WebTorrent: 20. */
export const MAX_OFFER_ID_LENGTH = 64;

/** Longest id by which a tracker knows us again, and longest reason of its that is shown. [UTF-16 units] */
export const MAX_TRACKER_TEXT_LENGTH = 120;

/** How long a tracker may take to be reached, and to answer an announce. [ms] */
export const TRACKER_PATIENCE_MS = 20_000;

/** Shortest and longest pause between two announces, whatever the tracker says. [ms] */
export const MIN_TRACKER_INTERVAL_MS = 30_000;
export const MAX_TRACKER_INTERVAL_MS = 30 * 60_000;

/** The pause when the tracker names none. [ms] That of bittorrent-tracker's server. */
export const TRACKER_INTERVAL_MS = 120_000;

/** First and longest pause before a tracker that failed is asked again. [ms] Doubles in between, and varies by half. */
export const MIN_TRACKER_PAUSE_MS = 10_000;
export const MAX_TRACKER_PAUSE_MS = 30 * 60_000;
