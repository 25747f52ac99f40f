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

/** How long a death is remembered. [ms] Twice `PASS_ON_MAX_AGE_MS`: no report from before it can arrive later. */
export const TOMBSTONE_MS = 120_000;

/** Reports of life must be newer than a death by this much to be believed. [ms] Covers rounding and one hop of latency. */
export const TOMBSTONE_MARGIN_MS = 2_000;

/** Deaths remembered. [ids] At most the contacts of a few full tables. */
export const MAX_TOMBSTONES = 512;

// Links

/** Links aimed for on a desktop. [links] 32 to 48 is where hops stop falling fast; see the sweep in client/sim. */
export const DEFAULT_LINK_TARGET = 40;

/** Links never exceeded by the overlay. [links] Leaves room for swarm and calls below Chromium's 500 connections. */
export const DEFAULT_LINK_HARD = 64;

/** Share of the target up to which links are opened without need; inbound ones fill the rest. Keeps two full peers from taking turns at pruning. */
export const LINK_FILL_SHARE = 0.8;

/** Links that each non-empty bucket should have. [links] One may die without a hole in the table. */
export const MIN_LINKS_PER_BUCKET = 2;

/** Dials in flight. [dials] ICE gathering is the expensive part of a link; four keep a page responsive. */
export const MAX_DIALS = 4;

/**
 * Links that a new peer opens at once; with them it is joined and can reach everyone. [links] Each link costs about
 * 50 ms of processor time on both sides together (measured by ten tabs on two cores), so the first ones go alone.
 */
export const EAGER_LINKS = 3;

/** Least time between two dials once the first links are up. [ms] Fills a table of 32 links in 10 s. */
export const DIAL_PACE_MS = 300;

/** A peer with its first links leaves one that it just learned of this long to dial by itself. [ms] About a join. */
export const NEWCOMER_PAUSE_MS = 1_500;

/** A dial without an answer from the link layer counts as failed after this. [ms] ICE's own limit is about 15 s. */
export const DIAL_TIMEOUT_MS = 20_000;

/** First pause after a failed dial; doubles up to `DIAL_BACKOFF_MAX_MS`. [ms] */
export const DIAL_BACKOFF_MS = 5_000;

/** Longest pause between dials to one peer. [ms] */
export const DIAL_BACKOFF_MAX_MS = 300_000;

/** Longest time for which reports of a peer that could not be dialled are not believed. [ms] A newcomer is unreachable only until its first links are up. */
export const UNREACHABLE_BAN_MAX_MS = 20_000;

/** A link younger than this is not pruned. [ms] Longer than a join, so that newcomers settle first. */
export const PRUNE_MIN_AGE_MS = 30_000;

/** A pruned peer is not dialled again for this long unless it became needed. [ms] */
export const PRUNE_HOLD_OFF_MS = 90_000;

/** The link policy runs at most this often. [ms] Small, so that a page is linked quickly after it opens. */
export const POLICY_INTERVAL_MS = 50;

/** Malformed frames after which a link is closed. [frames] More than version skew explains. */
export const MAX_MALFORMED_FRAMES = 16;

/** A peer closed for malformed frames stays out of the table for this long. [ms] */
export const MALFORMED_BAN_MS = 300_000;

// Liveness

/** Period of maintenance. [ms] Resolution of every slow timer. */
export const TICK_MS = 1_000;

/** Silence after which the lower id pings. [ms] Three chances before `SILENCE_LIMIT_MS`. */
export const PING_IDLE_MS = 2_000;

/** Silence after which the higher id pings too, because the lower one should have. [ms] */
export const PING_BACKUP_MS = 4_000;

/** Silence after which a link is dead. [ms] A crashed tab is to be gone from tables within 15 s: half of it, for busy machines. */
export const SILENCE_LIMIT_MS = 7_500;

/** A timer this late means that our own loop stood still; the time is not held against peers. [ms] Above the 1 s to which hidden pages' timers are rounded. */
export const STALL_TOLERANCE_MS = 2_000;

/** Grace for answers that wait in our own queue after a stall. [ms] */
export const STALL_GRACE_MS = 500;

/** Round-trip time assumed before the first measurement. [ms] Wide-area median with room. */
export const INITIAL_RTT_MS = 250;

/** Least retransmission timeout of a hop. [ms] facts/overlay.md §3.3: below it scheduling noise looks like loss. */
export const MIN_HOP_TIMEOUT_MS = 150;

/** Largest retransmission timeout of a hop. [ms] */
export const MAX_HOP_TIMEOUT_MS = 1_500;

/** Period of the contact exchange with siblings. [ms] Bamboo: periodic exchange beats reactive repair under churn. */
export const CONTACT_EXCHANGE_MS = 15_000;

/** Contacts in a periodic exchange. [contacts] The replicas' neighbourhood. */
export const EXCHANGE_CONTACTS = 8;

/** Contacts in the first exchange on a link: the closest to the peer. [contacts] */
export const HELLO_CLOSEST_CONTACTS = 12;

/** Further contacts of that exchange, drawn at random over the table. [contacts] */
export const HELLO_RANDOM_CONTACTS = 8;

/** Most contacts in one frame. [contacts] 64 contacts are 4.2 KB. */
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

/** Steps that do not come closer, allowed near an exact target. [hops] */
export const MAX_DETOURS = 3;

/** Next hops tried per node and message. [candidates] */
export const MAX_CANDIDATES = 3;

/** How long a node remembers a message: for its reply, and to recognise duplicates. [ms] Longest lifetime of a message. */
export const REVERSE_STATE_MS = 10_000;

/** Messages remembered. [messages] 400 a second for 10 s. */
export const MAX_FORWARDS = 4_096;

/** Bytes of messages kept for a reroute. [bytes] */
export const MAX_FORWARD_BYTES = 4 * 1024 * 1024;

/** Undelivered messages to one exact target at one node. [messages] Keeps a dead target from causing a storm. */
export const MAX_FORWARDS_PER_TARGET = 3;

/** How long a target that could not be reached is refused at once. [ms] */
export const UNREACHABLE_MS = 10_000;

/** Targets remembered as unreachable. [ids] */
export const MAX_UNREACHABLE = 512;

/** Contacts that each hop adds to a reply. [contacts] Rebuilds the learning that recursion loses. */
export const SAMPLES_PER_HOP = 3;

/** Hops recorded in a reply. [ids] */
export const MAX_PATH = 16;

/** Deliveries remembered, so that a second copy is acknowledged but not delivered again. [messages] */
export const MAX_DELIVERIES = 1_024;

/** Peers that wrote to us whose referrers are remembered. [peers] */
export const MAX_CALLERS = 256;

/** How long they are. [ms] Longer than a dial or a call's first exchange. */
export const CALLER_MEMORY_MS = 30_000;

/** How long deliveries are remembered. [ms] Longer than any route operation lives. */
export const DELIVERY_MEMORY_MS = 60_000;

// Operations

/** Operations open at once. [operations] */
export const MAX_OPERATIONS = 1_024;

/** Copies of one request: each leaves through another first hop. [attempts] */
export const MAX_ATTEMPTS = 4;

/** A second copy leaves after this silence. [ms] Above the p90 of a lookup at 25,000 peers. */
export const HEDGE_MS = 1_000;

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

/** A question of an iterative lookup without an answer fails after this. [ms] */
export const QUESTION_TIMEOUT_MS = 2_000;

/** Times a recursive lookup asks a closer peer that the answer names. [requests] */
export const MAX_CONFIRMATIONS = 3;

/** Peers asked for a record before the newest one wins. [peers] Majority of the nearest five. */
export const READ_QUORUM = 3;

/** Most peers asked for one record. [peers] */
export const MAX_READ_PEERS = 8;

// Records

/** Peers that hold a record: the closest ones. [peers] */
export const REPLICATION = 8;

/** How long the root waits for its replicas before it answers the author. [ms] */
export const REPLICA_WAIT_MS = 500;

/** Largest value of a record. [bytes] BEP 44's 1000, rounded. */
export const MAX_RECORD_VALUE_BYTES = 1_024;

/** Longest life of a record. [ms] Records are soft state: authors put them again. */
export const MAX_RECORD_TTL_MS = 24 * 3_600_000;

/** Records held. [records] About 1.3 MB. */
export const MAX_RECORDS = 1_024;

/** Records held per author. [records] */
export const MAX_RECORDS_PER_AUTHOR = 64;

/** Signature checks under way. [checks] */
export const MAX_VERIFICATIONS = 128;

/** Life of a provider record. [ms] Short, because a tab's provider is gone without a word. */
export const PROVIDER_TTL_MS = 10 * 60_000;

/** A provider announces again after this. [ms] Half its life. */
export const PROVIDER_REFRESH_MS = PROVIDER_TTL_MS / 2;

/** Providers held per key. [providers] */
export const MAX_PROVIDERS_PER_KEY = 64;

/** Keys with providers held. [keys] */
export const MAX_PROVIDER_KEYS = 2_048;

/** Keys held per provider. [keys] */
export const MAX_KEYS_PER_PROVIDER = 256;

/** Keys this peer may announce. [keys] */
export const MAX_PUBLISHED_KEYS = 1_024;

/** Period of the check that the replicas are where they belong. [ms] */
export const REPLICATION_CHECK_MS = 30_000;

/** The same check after siblings changed. [ms] Long enough to gather a burst of changes. */
export const REPLICATION_DELAY_MS = 2_000;

/** Keys handed to new replicas per check. [keys] */
export const MAX_REPLICATIONS_PER_CHECK = 32;

// Joining and refreshing

/** Pause between a new link and the self-lookup through it. [ms] Gathers a burst of links. */
export const SELF_LOOKUP_DELAY_MS = 1_000;

/** Least time between self-lookups once joined. [ms] */
export const SELF_LOOKUP_INTERVAL_MS = 5_000;

/** The same when the new link leads to a sibling, who tells most of what there is to know by itself. [ms] */
export const SIBLING_LOOKUP_INTERVAL_MS = 20_000;

/** A self-lookup is repeated after this even when nothing changed. [ms] */
export const SELF_LOOKUP_PERIOD_MS = 180_000;

/** A bucket in which nothing was looked up for this long is refreshed. [ms] The paper's hour, shortened for tabs. */
export const BUCKET_REFRESH_MS = 10 * 60_000;

/** Refreshes in flight. [lookups] */
export const MAX_REFRESHES = 2;

/** Contacts interned per process. [contacts] Spares a hash per contact received. */
export const CONTACT_CACHE_SIZE = 4_096;
