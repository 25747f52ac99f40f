/** Caps and timing of the BitTorrent layer. Figures named "libtorrent" are that library's tested defaults. */

import { BLOCK_BYTES, MAX_INFO_BYTES } from './metainfo.ts';

// Wire

/** Most values in the bencoded part of one extension message. */
export const MAX_EXTENSION_VALUES = 256;

/** Largest request that is served. [bytes] Stock WebTorrent drops peers that ask for more. */
export const MAX_REQUEST_BYTES = 128 * 1024;

/** Largest extension message. [bytes] A metadata block with its dictionary; handshakes are far smaller. */
export const MAX_EXTENDED_BYTES = BLOCK_BYTES + 4096;

/** Most hashes of one layer that are asked for, and served, at once. BEP 52: a request should not be for more. */
export const MAX_HASHES_PER_REQUEST = 512;

/** Most hashes in one message: a full run, and an uncle for each layer of the tallest tree that numbers can name. */
export const MAX_HASHES_PER_MESSAGE = MAX_HASHES_PER_REQUEST + 32;

/** Largest message of an unknown kind that is skipped; a longer one ends the link. [bytes] */
export const MAX_UNKNOWN_BYTES = 1024 * 1024;

/** Largest `send` output. [bytes] Under the 64 KiB that every WebRTC stack takes as one message. */
export const MAX_SEND_BYTES = 32 * 1024;

/** Peers of one torrent. libtorrent allows 200 for a whole client; a page has far fewer links. */
export const MAX_TORRENT_PEERS = 200;

/** Requests of one peer that wait here; advertised as `reqq`. libtorrent `max_allowed_in_request_queue`. */
export const MAX_QUEUED_REQUESTS = 2000;

/** Blocks handed to the driver for one peer in `UPLOAD_BURST_MS`. [blocks] 512 KiB: no peer floods the send queue. */
export const UPLOAD_BURST_BLOCKS = 32;

/** Period of `UPLOAD_BURST_BLOCKS`. [ms] Together 100 MB/s a peer, above any measured data channel. */
export const UPLOAD_BURST_MS = 5;

/** Metadata blocks of one peer's asking that wait here. */
export const MAX_QUEUED_METADATA = 64;

/** Hash requests of one peer that wait here for the upload limit; further ones are refused. */
export const MAX_QUEUED_HASHES = 64;

/**
 * How often one peer may have the metadata in a second; blocks beyond are refused. An honest peer asks once, and once
 * more when what others sent of it was wrong.
 */
export const MAX_METADATA_COPIES_PER_SECOND = 2;

/** Most of the upload limit that metadata and hashes take together. [0..1] At least the rest is for blocks. */
export const ANSWER_SHARE = 1 / 2;

/** The same while a torrent is paused. [bytes/s] The metadata and hashes of most torrents in a second or two. */
export const PAUSED_ANSWER_BYTES_PER_SECOND = 64 * 1024;

/** Bytes other than blocks sent to a peer whose channel is congested before it is given up. [bytes] It reads nothing. */
export const MAX_CONGESTED_BYTES = 1024 * 1024;

/** Blocks that came unasked in a row before the link is ended. Cancelled ones may cross and are forgiven. */
export const MAX_UNWANTED_BLOCKS = 256;

/** Rejects in a row while unchoked, or chokes while it owes something, before the peer is useless. libtorrent `max_rejects`. */
export const MAX_REJECTS = 50;

/** Handshake must be here by then. [ms] libtorrent `handshake_timeout`. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** A peer silent for so long is gone. [ms] BEP 3: two minutes. */
export const PEER_TIMEOUT_MS = 120_000;

/** Silence of ours after which a keep-alive is sent. [ms] Ahead of the other side's two minutes. */
export const KEEP_ALIVE_MS = 110_000;

/** Period of the housekeeping of a torrent with peers. [ms] */
export const TORRENT_TICK_MS = 1000;

// Picker and pipeline

/** Pieces picked at random before rarest first begins. libtorrent `initial_picker_threshold`. */
export const RANDOM_FIRST_PIECES = 4;

/**
 * Blocks of pieces with free blocks above which no new piece is started. libtorrent: 2048. Below it a rarer piece is
 * started before a partial one is finished: a first seed would else be asked for what others have already.
 */
export const MAX_PARTIAL_BLOCKS = 2048;

/** Memory for pieces that are partly here or being verified. [bytes] Keeps a page under 150 MB. */
export const MAX_OPEN_BYTES = 64 * 1024 * 1024;

/** Pieces open at once at least, whatever their length. */
export const MIN_OPEN_PIECES = 3;

/** Peers that may be asked for the same block at the end of a download. */
export const MAX_BLOCK_REQUESTERS = 3;

/**
 * A block that one peer owes is asked of another, too, if that one is likely to be so many times as fast. Estimates of
 * rates are off by as much; `sim -- swarm --kind tail` measures what it wastes and what it gains.
 */
export const ENDGAME_GAIN = 2;

/** A busy block that is likely to be here so soon is waited for. [ms] Measured as `ENDGAME_GAIN`. */
export const ENDGAME_WAIT_MS = 1500;

/** What a peer that has sent nothing yet is taken to need for a block then. [ms] 8 kB/s: a slow peer at a slow home line. */
export const NEWCOMER_BLOCK_MS = 2000;

/** Pieces with a deadline. A player asks for what it shows in the next minute or two. */
export const MAX_DEADLINES = 256;

/** A peer whose queue is longer is not asked for what a player waits for while another has it. [ms] libtorrent: two seconds. */
export const URGENT_QUEUE_MS = 2000;

/** A piece that a player waits for counts as late after so long, before one was measured. [ms] A pipeline's length. */
export const FIRST_URGENT_TIMEOUT_MS = 3000;

/** And at least, however fast such pieces were. [ms] Below a round trip or two every block would be fetched twice. */
export const LEAST_URGENT_TIMEOUT_MS = 500;

/**
 * Requests outstanding at first, where `Trials` allows so many. Half a round trip of a slow home line;
 * doubles each round trip (slow start).
 */
export const INITIAL_PIPELINE = 8;

/** Fewest requests outstanding to a peer that delivers. libtorrent's minimum. */
export const MIN_PIPELINE = 2;

/** Most requests outstanding to one peer: 8 MiB. libtorrent `max_out_request_queue`. */
export const MAX_PIPELINE = 500;

/**
 * Requests that are sent together when the pipeline is deep: one message of 272 bytes instead of 16, each of which costs
 * a packet, a system call and a wake-up at both ends. At most a quarter of the pipeline waits for the batch.
 */
export const REQUEST_BATCH = 16;

/** Requests outstanding after slow start, in time at the measured rate. [ms] libtorrent `request_queue_time`. */
export const PIPELINE_MS = 3000;

/** The same while a player waits for pieces, which are behind what is outstanding. [ms] A few round trips. */
export const URGENT_PIPELINE_MS = 1000;

/** Slow start ends when the rate rises by less than this in a tick. [bytes/s] libtorrent, `slow_start`. */
export const SLOW_START_RISE = 5000;

/** No block for so long although asked: snubbed. [ms] libtorrent `piece_timeout`. */
export const SNUB_MS = 20_000;

/** A request older than this is given up. [ms] libtorrent `request_timeout`. */
export const REQUEST_TIMEOUT_MS = 60_000;

// Choker

/** Regular unchoke slots. Cohen 2003: four. */
export const REGULAR_SLOTS = 4;

/** A peer with a slot that asked for nothing for so long lends it to others. [ms] Several round trips. */
export const IDLE_SLOT_MS = 2000;

/** Most peers unchoked at once, those included that ask for nothing. */
export const MAX_UNCHOKED = 8;

/** Re-ranking of the regular slots. [ms] Cohen 2003: ten seconds. */
export const RECHOKE_MS = 10_000;

/** Turn of one optimistic slot. [ms] Cohen 2003: every third rechoke. */
export const OPTIMISTIC_MS = 30_000;

/**
 * A turn that is not answered by then is over. [ms] Two rechokes: in the first the peer ranks us, and what it sends in the
 * second is here. Measured as `OPTIMISTIC_GIFT_BYTES`.
 */
export const OPTIMISTIC_ANSWER_MS = 20_000;

/**
 * A peer that took so much more than it gave waits twice as long for the optimistic slot, one that gave so much more than
 * it took half as long. [bytes] One turn on a slow home line; `sim -- swarm --kind freeride` measures what it keeps from
 * free-riders. eMule's credits multiply the time in the queue as well (Kulbak and Bickson 2005).
 */
export const OPTIMISTIC_GIFT_BYTES = 1024 * 1024;

/** Most that giving shortens the wait by, so that newcomers get their turns. [times] eMule: ten. */
export const MAX_OPTIMISTIC_CREDIT = 10;

/** Pieces that a choked peer may have as its first ones (k). BEP 6: "we currently set k to 10". */
export const ALLOWED_FAST_PIECES = 10;

/**
 * Most of a torrent's pieces that are among them, rounded up. [0..1] Or a small torrent would be given to whoever gives
 * nothing. Measured in `sim -- swarm --kind tail --mib 4`: with 0.1 the last of a crowd is done a fifth later.
 */
export const ALLOWED_FAST_SHARE = 0.02;

/** Pieces of a torrent of which any are among them. One of fewer would be more than a tenth of it. */
export const MIN_ALLOWED_FAST_TORRENT = 10;

/** Most that they hold together, and one piece in any case. [bytes] A few seconds of a home line. */
export const ALLOWED_FAST_BYTES = 4 * 1024 * 1024;

/** Most digests that are computed for one set. Ten of ten pieces take seven on average; more never matters. */
export const MAX_ALLOWED_FAST_ROUNDS = 1000;

/** Pieces that one peer may offer to a choked one; further ones are not read. Other clients offer 5 to 10. */
export const MAX_ALLOWED_FAST = 64;

/** Share of the best upload rate of late under which the line counts as idle, and slots are lent. [0..1] */
export const SPARE_UPLOAD_SHARE = 0.7;

/** A seed serves a peer so long before it yields to one that waits. [ms] libtorrent's round robin. */
export const SEED_TURN_MS = 60_000;

/** Fewest and most pieces that a super-seed tells one peer of before it passed them on. libtorrent: two. */
export const SUPER_SEED_OFFERS = 2;
export const MAX_SUPER_SEED_OFFERS = 16;

/** Bytes of small pieces in those offers: an offer takes several round trips, in which the line is to have work. */
export const SUPER_SEED_OFFER_BYTES = 256 * 1024;

/** A piece that a super-seed offered and that has not spread is offered to somebody else. [ms] Many rechokes. */
export const SUPER_SEED_WAIT_MS = 30_000;

/** Pieces that a peer is told of at once when super-seeding ends. 9 kB of messages. */
export const SUPER_SEED_REVEALS_PER_TICK = 1024;

/** Longest burst that a speed limit lets pass, at its rate. [ms] Requests are asked for about so often. */
export const LIMIT_BURST_MS = 250;

// Blame and metadata

/** Banned peers remembered. The oldest is forgotten first. */
export const MAX_BANNED = 1000;

/** Suspected peers remembered. The oldest is forgotten first. */
export const MAX_SUSPECTS = 1000;

/** Peers remembered with how many right blocks they gave. Whose last one is oldest is forgotten first, and begins anew. */
export const MAX_TRIED = 1000;

/** Most pieces that a suspect has to deliver alone before it is trusted again. Doubles from 1 with each failure. */
export const MAX_PAROLE_PIECES = 16;

/**
 * A piece that a suspect has had for so long, or that nobody has sent anything of, is for others who have nothing else to
 * do. [ms] As `SNUB_MS`.
 */
export const PAROLE_PIECE_MS = 20_000;

/** Metadata blocks asked of one peer at once. Three hold the hashes of a torrent of `TARGET_PIECE_COUNT` pieces. */
export const METADATA_PIPELINE = 4;

/** A metadata request older than this goes to another peer. [ms] */
export const METADATA_TIMEOUT_MS = 8000;

/**
 * A peer that was asked for metadata and has sent none for so long is asked anew. [ms] One block at 256 bytes a second:
 * channels lose nothing, so a slower peer alone is asked twice. Also how long one is tried alone while others wait for it.
 */
export const METADATA_SILENCE_MS = 64_000;

/** Peers that are asked for all of the metadata at once, each alone, once one of them must have lied. */
export const MAX_METADATA_TRIALS = 4;

/** Kept of metadata that peers sent alone which are not being tried now, or not here. [bytes] Twice the largest. */
export const MAX_SPARE_METADATA_BYTES = 2 * MAX_INFO_BYTES;

// Peer exchange

/** Most peers named as new, and as gone, in one message. BEP 11. */
export const MAX_EXCHANGED_PEERS = 50;

/** A peer is told of others no more often. [ms] BEP 11: once a minute. */
export const EXCHANGE_PERIOD_MS = 60_000;

/** A peer is first told of others so long after it came. [ms] Time for its own sources to answer it. */
export const EXCHANGE_FIRST_MS = 3000;

/** Messages of a peer that follow the one before it sooner are not read. [ms] The period, less what delays vary by. */
export const EXCHANGE_LEAST_GAP_MS = 45_000;

// Hash trees (BEP 52)

/** Verified leaves kept of one torrent. [bytes] Those of 4 GiB of content; others are hashed again from storage. */
export const MAX_LEAF_BYTES = 8 * 1024 * 1024;

/** Hash requests of ours for piece layers that one peer has not answered. 2048 pieces, as much as most torrents have. */
export const HASH_PIPELINE = 4;

/** Hash requests of a piece's leaves that are under way. Above the pieces that are open at once. */
export const MAX_LEAF_ASKS = 4096;

/** A hash request older than this goes to another peer. [ms] As for metadata. */
export const HASH_TIMEOUT_MS = METADATA_TIMEOUT_MS;

/**
 * Blocks of a piece wait for its leaves so long, whoever is asked for them one after the other. [ms] One peer that is
 * silent and another that answers.
 */
export const LEAF_PATIENCE_MS = 2 * HASH_TIMEOUT_MS;

/**
 * A peer whose block nobody gives the leaf of is asked for no more than it proved right for so long. [ms] One round of the
 * choker, in which somebody who has the piece and answers may come, or unchoke; above HASH_TIMEOUT_MS, so that refusing is
 * worth no more than silence. Then the one who is there is believed for want of another: its pieces are judged when whole.
 * Also while nobody else is known: that is so, too, when a poisoner comes first. Without the wait one that refused hashes, and
 * came 5 s before any seed, cost one to twenty peers up to 112 blocks instead of 1 (`npm run sim -- swarm --kind refuse`).
 */
export const UNPROVEN_PATIENCE_MS = RECHOKE_MS;

/**
 * Pieces that are read and hashed for hash requests of one peer at once; one in any case. [bytes] Four times what is asked
 * of one peer at once, so that none is refused in good faith.
 */
export const MAX_HASH_JOB_BYTES = 32 * 1024 * 1024;

/** Hash requests of one peer that are answered in a second. 64 MB/s in pieces of 64 KiB; above it they are refused. */
export const MAX_HASH_ANSWERS_PER_SECOND = 1000;

/**
 * Nodes of trees that are computed in a second for hash requests of one peer; above it they are refused. As many as there are
 * blocks in 256 MiB. Each takes 1 to 5 µs: without a bound of their own 1000 requests for single nodes of pieces of 64 MiB
 * would be twenty seconds of work.
 */
export const MAX_HASHED_NODES_PER_SECOND = 16 * 1024;

// Web seeds (BEP 19)

/** Web seeds of one torrent that are used; further ones are not. */
export const MAX_WEB_SEEDS = 16;

/** Requests to web seeds of one torrent at once. WebTorrent: four connections a seed. */
export const MAX_WEB_FETCHES = 4;

/** Least and most that one request asks of a web seed, or a piece. [bytes] The first ones, before its rate is known, are least. */
export const MIN_WEB_RUN_BYTES = 256 * 1024;
export const WEB_RUN_BYTES = 4 * 1024 * 1024;

/** What a web seed is asked for in all requests together, in time at its rate. [ms] Peers are not to wait for a slow one. */
export const WEB_RUN_MS = 8000;

/** Most that is under way from web seeds, or one request. [bytes] Half of what may be open: the rest is for peers. */
export const MAX_WEB_OPEN_BYTES = MAX_OPEN_BYTES / 2;

/** First and longest pause of a web seed that failed; doubles in between. [ms] libtorrent `urlseed_wait_retry`: 30 s. */
export const MIN_WEB_PAUSE_MS = 5000;
export const MAX_WEB_PAUSE_MS = 600_000;

/** A web seed that sends nothing for so long has failed. [ms] libtorrent `urlseed_timeout`. */
export const WEB_TIMEOUT_MS = 20_000;
