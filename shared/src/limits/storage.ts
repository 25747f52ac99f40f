import { MAX_CHANNEL_ID } from './links.ts';

/** Caps and times of the swarm's edges: storage, the torrent worker, bulk channels and the search for peers. */

/** Most content that memory storage holds in one tab. [bytes] A tab that needs more is killed by some phones. */
export const MAX_MEMORY_STORAGE_BYTES = 1024 * 1024 * 1024;

/** Lengths that are tried to find out how much room a full disk has left. Each takes about a millisecond. */
export const ROOM_PROBES = 16;

/** Open OPFS access handles per torrent. [handles] Each is an open file of the browser process. */
export const MAX_OPEN_FILES = 64;

/**
 * Neighbouring files shorter than this are stored in one. [bytes] Opening a stored file costs as much as writing this
 * much to an open one (measured by e2e/scenarios/faults.test.ts with 10,000 files of 1 kB).
 */
export const PACK_BELOW_BYTES = 256 * 1024;

/** How long written pieces may wait for a flush and the resume record after it. [ms] What a crash costs at most. */
export const CHECKPOINT_MS = 1_000;

/**
 * How often what a torrent gave to others is recorded while it grows. [ms] What a crash forgets at most of a figure that
 * only a person reads: each record is the whole one, and of a large torrent some MB.
 */
export const UPLOAD_RECORD_MS = 5_000;

/** How long opening an OPFS file is retried while a page that is just going away still holds it. [ms] */
export const OPEN_FILE_PATIENCE_MS = 3_000;

/** Pause between two attempts to open an OPFS file. [ms] */
export const OPEN_FILE_RETRY_MS = 50;

/**
 * How long stored pieces may be missing from the journal. [ms] What a killed tab has to fetch again at most; each entry
 * is a write of its own, 1.5 ms in a private window (measured).
 */
export const JOURNAL_MS = 100;

/** Entries of the journal that are read back. [pieces] More than one period of checkpoints can leave means a broken file. */
export const MAX_JOURNAL_ENTRIES = 4_096;

/** How long a resume waits for another tab's lock; a reloaded page's predecessor needs some time to die. [ms] */
export const RESUME_LOCK_PATIENCE_MS = 3_000;

/**
 * How long a download that a person started waits for another tab's lock before it follows that tab instead. [ms] A tab
 * that was just closed lets go of its locks by then (measured: below 100 ms).
 */
export const DOWNLOAD_LOCK_PATIENCE_MS = 400;

/** Share of the stored pieces that a resume checks before it trusts the record. [fraction] */
export const SPOT_CHECK_FRACTION = 0.01;

/** Fewest and most pieces of a spot check. [pieces] */
export const MIN_SPOT_CHECKS = 4;
export const MAX_SPOT_CHECKS = 64;

/** Smallest and largest unit in which files are read for peers. [bytes] A read costs the same up to about 256 KiB. */
export const MIN_READ_WINDOW_BYTES = 256 * 1024;
export const MAX_READ_WINDOW_BYTES = 1024 * 1024;

/** What was read or written lately, for all torrents of a tab. [bytes] Peers ask in random order; each file is read about once. */
export const MAX_READ_CACHE_BYTES = 32 * 1024 * 1024;

/**
 * Pieces of our own shares are at least this long, as long as there are MIN_SHARED_PIECES of them. [bytes] Each costs a
 * read, a digest and a write, and a read of a dropped file waits for the browser's main process, whatever its size.
 */
export const PREFERRED_PIECE_BYTES = 1024 * 1024;

/** Pieces below which longer ones would keep several sources from sharing the work. */
export const MIN_SHARED_PIECES = 64;

/**
 * Files of a share that the page hands to the worker in one go. On a machine with fifteen times its load 10,000 at once held
 * the main thread up for 5 s, and 500 for 100 ms (measured with the files of e2e/scenarios/faults.test.ts).
 */
export const SHARED_FILES_PER_MESSAGE = 200;

/** How much of a share is read at once while its pieces are hashed. [bytes] */
export const HASH_READ_BYTES = 4 * 1024 * 1024;

/** Reads and digests under way at once while hashing. Keeps disk, pipe and both cores busy. */
export const HASH_READS_IN_FLIGHT = 3;

/** Piece buffers kept for reuse. [buffers] Fewer than are in use at the full rate would make garbage. */
export const MAX_SPARE_PIECE_BUFFERS = 8;

/** A peer's send queue at which it counts as congested. [bytes] facts: 256 KiB to 4 MiB serve any path; one queue a peer. */
export const CHANNEL_HIGH_WATER_BYTES = 1024 * 1024;

/** The send queue at which a congested peer is writable again. [bytes] Half, so that the queue never runs dry. */
export const CHANNEL_LOW_WATER_BYTES = CHANNEL_HIGH_WATER_BYTES / 2;

/** Small messages are joined up to this size. [bytes] One packet carries about 1.2 kB; more gains nothing measurable. */
export const MAX_BATCH_BYTES = 16 * 1024;

/**
 * Longest message on a channel. [bytes] RFC 8841 §6.1: what the other side takes when it does not say; WebTorrent outside
 * of browsers may say no more. Only bitfields of many pieces and long blocks that strangers ask for are longer.
 */
export const MAX_CHANNEL_MESSAGE_BYTES = 64 * 1024;

/** Period of progress reports while anything moves. [ms] Four a second: smooth to the eye, idle to the page. */
export const PROGRESS_MS = 250;

/** First channel id that swarms use; the lower ones belong to the link itself. */
export const FIRST_CHANNEL_ID = 16;

/** Last channel id: no link opens one beyond. */
export const LAST_CHANNEL_ID = MAX_CHANNEL_ID;

/** Bulk channels of one link, one per swarm. [channels] */
export const MAX_CHANNELS_PER_LINK = 32;

/** Longest frame by which peers agree on a channel: OPEN with its info-hash. [bytes] PROTOCOL.md §6.1. */
export const MAX_SWARM_FRAME_BYTES = 24;

/** How long an OPEN waits for its answer. [ms] A link whose control channel is this slow carries no swarm. */
export const CHANNEL_OPEN_TIMEOUT_MS = 8_000;

/**
 * A link that another peer opened for a torrent, and asked for none over, serves no swarm any more. [ms] OPEN follows as soon as
 * the link is up; some times CHANNEL_OPEN_TIMEOUT_MS, for a page that has much to do then.
 */
export const UNUSED_LINK_MS = 30_000;

/** Peers of one torrent that this side looks for. BEP 3 clients find 20 to 50 enough; every one costs a connection. */
export const MAX_SOUGHT_PEERS = 20;

/** Channels of one torrent, those of peers that came by themselves included. */
export const MAX_CHANNELS_PER_TORRENT = 40;

/** Sources below which a download keeps looking for more. facts: gain per source is small from four on. */
export const ENOUGH_SOURCES = 4;

/** Links being opened for one torrent at once. */
export const MAX_CONNECTING = 6;

/** Contacts remembered for one torrent; the ones that failed longest ago are forgotten first. */
export const MAX_CANDIDATES = 200;

/** First and longest pause between two searches for peers. [ms] Doubles in between. */
export const MIN_SEARCH_PAUSE_MS = 1_000;
export const MAX_SEARCH_PAUSE_MS = 15_000;

/** First and longest pause before a peer that failed is tried again. [ms] Doubles in between. */
export const MIN_RETRY_PAUSE_MS = 1_000;
export const MAX_RETRY_PAUSE_MS = 60_000;

/** Pause before a peer that refused with `busy` or `paused`, or did not know the swarm, is asked again. [ms] */
export const REFUSED_PAUSE_MS = 10_000;

/** Peers remembered that asked for a torrent which was not being served, over all torrents. */
export const MAX_REFUSED_PEERS = 500;

/** Pause before a peer of no use to us or to whom we are of none is tried again. [ms] */
export const USELESS_PAUSE_MS = 300_000;

/**
 * How long a peer may be of no use while others wait for its place, and the pause between two that lose theirs. [ms] Three
 * rounds of the choker's optimistic slot: who was not tried by then will not be soon. libtorrent waits 300 s for 4 %.
 */
export const PEER_TURNOVER_MS = 90_000;

/**
 * Most torrents that a tab shares and downloads. Clients of BitTorrent seed hundreds. Each costs a tab some 50 kB and ten
 * messages in five minutes, and the tracker an announce as often as that asks for one; a thousand are 50 MB and 5 kB/s.
 */
export const MAX_TORRENTS = 1_000;

/**
 * Torrents of a tab, the oldest, that are announced by both hashes of a hybrid (BEP 52) when they are complete. More than most
 * people have, so that a link by the v2 hash alone finds what they share, and a tenth of what a full library costs.
 */
export const MAX_COMPLETE_TWINS = 100;

/**
 * Of the time in which the tracker wants to hear of a peer again, what passes until it does. [0..1] It forgets peers with
 * their connection, which comes back by itself: nobody finds them until then.
 */
export const ANNOUNCE_SHARE = 1 / 2;

/**
 * Within this, at random, torrents are announced again when the server, which forgot them with the connection, is back. [ms] When
 * a thousand tabs with three torrents each come back at once it is 600 announces a second, an eighth of a core.
 */
export const REANNOUNCE_MS = 5_000;

/** How fast a tab does so that has many. [torrents/s] Refused each time, as over the limits of its address, it still keeps its socket. */
export const REANNOUNCES_PER_SECOND = 10;

/** When to announce to the tracker again that has not said so, as it did not answer. [ms] */
export const ANNOUNCE_PERIOD_MS = 60_000;

/** How much of a file is handed to a reader at once. [bytes] Large enough for few messages, small enough to seek at once. */
export const READ_CHUNK_BYTES = 256 * 1024;

/** What a reader of an unfinished file is about to need: pieces so far ahead have deadlines. [bytes] 8 s of an HD film. */
export const READ_AHEAD_BYTES = 8 * 1024 * 1024;

/** Most pieces ahead of one reader that have deadlines. Two readers, of a film and of its index, fit MAX_DEADLINES. */
export const MAX_READ_AHEAD_PIECES = 128;

/** How fast a reader is taken to read, for the deadlines of pieces ahead of it. [bytes/s] An HD film, 8 Mbit/s. */
export const READ_BYTES_PER_SECOND = 1024 * 1024;

/** A reader that asked for nothing for so long has no say in what is fetched first. [ms] Its player pauses, or is gone. */
export const READER_IDLE_MS = 10_000;

/** Readers of one torrent; of more the one that asked for something longest ago is ended. A player holds two or three. */
export const MAX_READERS = 16;

/**
 * Longest answer to a player that asks for everything from some byte on. [bytes] It asks again for what follows. A
 * service worker is ended in the middle of answers that take minutes (Chromium: five).
 */
export const MEDIA_ANSWER_BYTES = 8 * 1024 * 1024;
