/** Caps and timing of the overlay, one constant each with unit and reason. */

// Routing table

/** Contacts known per bucket: Kademlia's k. [contacts] Maymounkov & Mazières 2002 §2.2. */
export const BUCKET_CAPACITY = 20;

/** Replacement candidates kept per bucket. [contacts] Enough to replace a third of a bucket without a lookup. */
export const REPLACEMENT_CAPACITY = 8;

/** Siblings: the peers closest to us that we keep links to, at the default link target. [contacts] Between 8 and 12, so that 8 replicas survive a few deaths. */
export const SIBLING_COUNT = 10;

/** Referrers remembered per contact. [ids] Two, so that one may die before the contact is dialled. */
export const MAX_REFERRERS = 2;

/** How old a proof of life may be for a contact still to be passed on. [ms] Dead ids stop circulating after it. */
export const PASS_ON_MAX_AGE_MS = 60_000;

/** A known contact without any proof of life for this long is forgotten. [ms] A tab's median session is minutes. */
export const KNOWN_MAX_AGE_MS = 10 * 60_000;

/** The table is searched for such contacts this often. [ms] Late by 5 % of their age. */
export const AGE_CHECK_MS = 30_000;

/** How long a death is remembered. [ms] Twice `PASS_ON_MAX_AGE_MS`: no report from before it can arrive later. */
export const TOMBSTONE_MS = 120_000;

/** Reports of life must be newer than a death by this much to be believed. [ms] Covers rounding and one hop of latency. */
export const TOMBSTONE_MARGIN_MS = 2_000;

/** Deaths remembered. [ids] At most the contacts of a few full tables. */
export const MAX_TOMBSTONES = 512;

// Liveness

/** Period of maintenance. [ms] Resolution of every slow timer. */
export const TICK_MS = 1_000;

/**
 * Silence after which the lower id pings. [ms] Three chances before `SILENCE_LIMIT_MS`. At 2.5 s pings and pongs were
 * two of five frames of a quiet network (measured: npm run sim -- growth).
 */
export const PING_IDLE_MS = 4_000;

/** Pause between pings that stay unanswered. [ms] */
export const PING_REPEAT_MS = 2_000;

/** Silence after which the higher id pings too, because the lower one should have. [ms] */
export const PING_BACKUP_MS = 6_000;

/** Silence after which a link is dead. [ms] A crashed tab is to be gone from tables within 15 s: two thirds of it, for busy machines. */
export const SILENCE_LIMIT_MS = 10_000;

/** A timer this late means that our own loop stood still; the time is not held against peers. [ms] Above the 1 s to which hidden pages' timers are rounded. */
export const STALL_TOLERANCE_MS = 2_000;

/** Grace for answers that wait in our own queue after a stall. [ms] */
export const STALL_GRACE_MS = 500;

/**
 * Standstill after which every link of ours is in doubt. [ms] ICE closes a link 8.5 s after the last answer
 * (`DISCONNECTED_GRACE_MS`), silence does after `SILENCE_LIMIT_MS`; a standstill shows as up to a tick less than it was.
 */
export const DOUBT_STALL_MS = 7_500;

/**
 * Least time in which a neighbour answers the ping that it gets after such a standstill. [ms] Most who kept running have
 * given our link up: it is for those who slept beside us, as other tabs of one laptop, and who are as busy waking. A packet
 * may be lost and sent again twice, which SCTP does after 0.5 and 1.5 s.
 */
export const WAKE_ANSWER_MS = 2_000;

/** Round-trip time assumed before the first measurement. [ms] Wide-area median with room. */
export const INITIAL_RTT_MS = 250;

/** Least retransmission timeout of a hop. [ms] facts/overlay.md §3.3: below it scheduling noise looks like loss. */
export const MIN_HOP_TIMEOUT_MS = 150;

/** Least allowance for deviation in that timeout: RFC 6298's clock granularity G. [ms] Timers and event loops are late by tens of ms. */
export const MIN_HOP_DEVIATION_MS = 50;

/** Largest retransmission timeout of a hop. [ms] */
export const MAX_HOP_TIMEOUT_MS = 1_500;

/** Period of the contact exchange with siblings. [ms] Bamboo: periodic exchange beats reactive repair under churn. */
export const CONTACT_EXCHANGE_MS = 15_000;

/** Contacts that were sent to a peer and did not change are sent again after this. [ms] Before what it knows is too old to pass on. */
export const FULL_EXCHANGE_MS = 45_000;

/** Contacts in a periodic exchange. [contacts] The replicas' neighbourhood. */
export const EXCHANGE_CONTACTS = 8;

/** Contacts in the first exchange on a link: the closest to the peer. [contacts] */
export const HELLO_CLOSEST_CONTACTS = 8;

/** Further contacts of that exchange, drawn at random over the table. [contacts] */
export const HELLO_RANDOM_CONTACTS = 4;

/** Most contacts in one frame. [contacts] 64 contacts are 2.3 KB. */
export const MAX_FRAME_CONTACTS = 64;

// Routed messages

/** Largest payload of a routed message. [bytes] With envelope and record headers it stays under 16 KiB. */
export const MAX_ROUTED_PAYLOAD_BYTES = 15 * 1024;

/** Largest overlay frame. [bytes] The control channel's message limit. */
export const MAX_FRAME_BYTES = 16 * 1024;

/** Hops after which a message is dropped. [hops] Four times the mean at 100,000 peers. */
export const MAX_HOPS = 24;

/** Intermediate targets in an envelope. [ids] Longest referral chain of an iterative lookup that is still relayed. */
export const MAX_VIA = 6;

/**
 * What a bit of progress towards a target is worth when the next hop is chosen. [ms of round trip] A hop of 150 ms gains
 * three bits, so 50 would be fair; twice that gives most of the gain for half of the further hops. Measured at 600 peers
 * with 30 links: without 2.69 hops, p50 412 ms, p99 1188 ms; with 100 2.87, 358 and 796; with 70 2.96, 346 and 792.
 */
export const PROGRESS_MS_PER_BIT = 100;

/** Bits of progress that a hop gives up for a quicker link at most. [bits] Four would have to save 400 ms. */
export const DETOUR_MAX_BITS = 4;

/**
 * How often a peer tells its links which links it has, when that changed. [ms] Half of all sessions last less than a minute:
 * what is told of short ones is seldom worth its way. Among 2,000 peers lookups took 290 ms (median) and 3.29 hops without
 * it, 232 and 2.81 with it, for some 20 B/s (measured: npm run sim -- growth --nodes 2000 --links 32 --settle 240 --seed 1).
 */
export const LOOKAHEAD_PERIOD_MS = 20_000;

/** A younger link is neither told of nor told anything. [ms] Many of those that open at the same time from both sides are gone by then. */
export const LOOKAHEAD_MIN_AGE_MS = 5_000;

/**
 * Bits that our siblings share with us at least where we tell our links: from some 600 peers on, the third hop. Where two
 * hops lead nearly everywhere there is nothing to be seen beyond the first one.
 */
export const LOOKAHEAD_MIN_DEPTH = 6;

/** Links told of in one frame, and those of one peer that are remembered. [links] As many as a peer has at most (DEFAULT_LINK_HARD). */
export const MAX_TOLD_LINKS = 64;

/** Steps that do not come closer, allowed near an exact target. [hops] */
export const MAX_DETOURS = 3;

/** Next hops tried per node and message. [candidates] */
export const MAX_CANDIDATES = 3;

/** How long a node remembers a message: for its reply, and to recognise duplicates. [ms] Longest lifetime of a message. */
export const REVERSE_STATE_MS = 10_000;

/** Messages remembered. [messages] 400 a second for 10 s. */
export const MAX_FORWARDS = 4_096;

/** Ids of done messages remembered per generation. [ids] As many as may be under way. */
export const MAX_SEEN_MESSAGES = MAX_FORWARDS;

/** Bytes of messages kept for a reroute. [bytes] */
export const MAX_FORWARD_BYTES = 4 * 1024 * 1024;

/** The part of both that messages of one neighbour may take up. Whoever sends more than it gets answers to is refused; it takes several to crowd out the rest. */
export const FORWARD_SHARE = 1 / 4;

/** Undelivered messages to one exact target at one node. [messages] Keeps a dead target from causing a storm; further ones wait. */
export const MAX_FORWARDS_PER_TARGET = 3;

/** How often those that wait look whether it is their turn. [ms] Little beside the round trip that they wait for. */
export const TARGET_TURN_MS = 100;

/** How long a target that could not be reached is refused at once. [ms] */
export const UNREACHABLE_MS = 10_000;

/** Targets remembered as unreachable. [ids] */
export const MAX_UNREACHABLE = 512;

/**
 * Replies by id, because their way back broke, for questions that came over one link. [bytes] Their origins are claims, and
 * nobody need have asked: what a neighbour has sent to a third party so costs it about as much in links. An honest one has
 * a few dozen questions under way when it goes.
 */
export const REPLY_BY_ID_BURST_BYTES = 32 * 1024;

/** How fast that grows back. [bytes/s] */
export const REPLY_BY_ID_BYTES_PER_SECOND = 1024;

/** Links of which it is remembered. [links] Twice the hard limit, so that relinking resets nothing. */
export const MAX_REPLY_BY_ID_RATES = 128;

/** Contacts that each hop adds to a reply. [contacts] Rebuilds the learning that recursion loses. */
export const SAMPLES_PER_HOP = 2;

/** Hops recorded in a reply. [ids] */
export const MAX_PATH = 16;

/** Deliveries remembered, so that a second copy is acknowledged but not delivered again. [messages] */
export const MAX_DELIVERIES = 1_024;

/** Peers that wrote to us whose referrers are remembered. [peers] */
export const MAX_CALLERS = 256;

/** How long they are. [ms] Longer than a dial or a call's first exchange. */
export const CALLER_MEMORY_MS = 30_000;

/**
 * How long the acknowledgement of a signal waits for what is written back, to take it along. [ms] A browser describes its
 * side of a connection within 0.4 s or waits for its first candidate; refusals take tens. TCP delays its own for the same
 * reason, by at most 500 ms (RFC 9293 §3.8.6.3).
 */
export const SIGNAL_HOLD_MS = 600;

/** Signals that wait so. [messages] More than dials of others come at a time; for further ones nothing is waited for. */
export const MAX_HELD_SIGNALS = 32;

/** Longest message that an acknowledgement takes along. [bytes] Descriptions are 300 to 1,500, sealed. */
export const MAX_HELD_ANSWER_BYTES = 4_096;

/** How long deliveries are remembered. [ms] Longer than any route operation lives. */
export const DELIVERY_MEMORY_MS = 60_000;

// Operations

/** Operations open at once. [operations] A library of 1,000 whose announcements wait for their turn, and as many others. */
export const MAX_OPERATIONS = 2_048;

/** Copies of one request: each leaves through another first hop. [attempts] */
export const MAX_ATTEMPTS = 4;

/** A second copy leaves after this silence until answers were measured. [ms] Above the p90 of a lookup at 25,000 peers. */
export const HEDGE_MS = 1_000;

/** The measured p90 of answers is kept above this. [ms] A copy sooner would leave on noise. */
export const MIN_HEDGE_MS = 150;

/** The same from above. [ms] Peers that answer slowly on purpose cannot put hedging off for longer. */
export const MAX_HEDGE_MS = 2_000;

/** How fast the estimate of that p90 moves. [share of itself per answer] Settles within some twenty answers. */
export const HEDGE_GAIN = 0.1;

/** Ways that the copies of one lookup can take. [copies] S/Kademlia's largest d (Baumgart & Mies 2007 §5). */
export const MAX_LANES = 8;

/** A hop takes a peer of the copy's lane that is this much less close than its closest peer. [bits] Costs at most a hop a lane. */
export const LANE_SLACK_BITS = 1;

/** Closest peers that must have answered for themselves before the copies' answer is believed. [peers] With a fifth of all peers colluding, all five collude around one key in 3,000. */
export const LANE_CONFIRMED = 5;

/** Copies of a second lookup after a single copy failed or was not credible. [copies] Half of the most: cheaper, and enough in client/sim/scenarios/adversary.ts. */
export const AUDIT_LANES = 4;

/** First hops that each copy of a lookup tries. [attempts] The second one leaves when nine in ten answers would be there. */
export const LANE_ATTEMPTS = 2;

/** A copy is given up after this many times the p90 of answers. Both attempts have had time for an answer then. */
export const LANE_PATIENCE = 2.5;

/** Ways remembered to a peer that others named. [ways] One may be a liar's and one broken. */
export const MAX_WAYS = 3;

/** Closest peers that the density of an answer is judged by. [contacts] As many as enter the estimate of the network's size. */
export const DENSITY_CONTACTS = 16;

/** Answers this many times sparser or denser than the network are not believed. Castro et al. 2002 §4.2: γ. Of two honest estimates from 16 distances one is 2.5 times the other in 1 of 55 cases, 3 times in 1 of 200 (both ways together, by drawing them): more doubt would make audits the tail of all lookups. */
export const DENSITY_TOLERANCE = 3;

/** Deadline of operations that carry none of their own. [ms] */
export const OPERATION_TIMEOUT_MS = 10_000;

/** Longest deadline of an operation. [ms] */
export const MAX_OPERATION_TIMEOUT_MS = 60_000;

/** Questions in flight of an iterative lookup: Kademlia's α. [requests] Maymounkov & Mazières 2002 §2.3. */
export const LOOKUP_PARALLELISM = 3;

/** An iterative lookup ends when this many closest peers have answered. [peers] The replica set. */
export const LOOKUP_CONFIRMED = 8;

/** Peers an iterative lookup keeps in mind. [peers] */
export const LOOKUP_SHORTLIST = 40;

/** Of these, peers not asked yet that one peer was the first to name. [peers] More than have to answer, and a quarter: it takes several liars to fill the list. */
export const LOOKUP_PLACES_PER_NAMER = 10;

/** A question to one peer fails after this until answers were measured, and at the latest. [ms] */
export const QUESTION_TIMEOUT_MS = 2_000;

/**
 * Where silence is a failure and not another way to try, it lasts at least this long. [ms] RFC 6298 §2.4: tabs stand still
 * for more than half a second when a machine is busy.
 */
export const MIN_PATIENCE_MS = 1_000;

/** The measured timeout of a question is kept above this. [ms] Two least hop timeouts: one lost hop is no failure. */
export const MIN_QUESTION_TIMEOUT_MS = 300;

/** Times a recursive lookup asks a closer peer that the answer names. [requests] */
export const MAX_CONFIRMATIONS = 3;

// Joining and refreshing

/** Pause between a new link and the self-lookup through it. [ms] Gathers a burst of links. */
export const SELF_LOOKUP_DELAY_MS = 1_000;

/** Least time between self-lookups once joined. [ms] Every link tells who is around its peer by itself; only a way to another island is found by looking, and most of those links are the first for long. */
export const SELF_LOOKUP_INTERVAL_MS = 60_000;

/** Contacts in the answer to an announced self-lookup. [contacts] The siblings and two to spare: it is the most frequent lookup of a network under churn. */
export const ANNOUNCE_CONTACTS = SIBLING_COUNT + 2;

/** A self-lookup is repeated after this even when nothing changed. [ms] */
export const SELF_LOOKUP_PERIOD_MS = 180_000;

/** A bucket in which nothing was looked up for this long is refreshed. [ms] The paper's hour, shortened for tabs. */
export const BUCKET_REFRESH_MS = 10 * 60_000;

/** Refreshes in flight. [lookups] */
export const MAX_REFRESHES = 2;

/** Contacts interned per process. [contacts] Spares a hash per contact received. */
export const CONTACT_CACHE_SIZE = 4_096;
