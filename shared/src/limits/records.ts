/** Caps and timing of records and provider records, one constant each with unit, reason and source. */

// Placement

/** Peers that hold a record: the closest ones. [peers] facts: eight copies checked every 2 min lose 1 in 10^6 at 10 min sessions. */
export const REPLICATION = 8;

/** Further peers that get a copy at once and are not waited for. [peers] Half of all peers dying at once takes all of eight in 0.4 % of cases, all of ten in 0.1 %. */
export const EXTRA_COPIES = 2;

/** Further peers that get a copy in place of replicas that do not answer. [peers] Half of them may have died within the minute for which a contact is believed. */
export const SPARE_REPLICAS = 4;

/**
 * Longest wait of a holder for the other replicas before it answers the author with the copies there are, and of a reader for
 * the rest of its quorum, until answers were measured as well. [ms] Twice a slow round trip over two hops.
 */
export const MAX_REPLICA_WAIT_MS = 1_000;

/** The shortest such wait. [ms] Near by it is not the way that takes time, but tabs that are busy. */
export const MIN_REPLICA_WAIT_MS = 500;

/** Answers that a read waits for. [peers] 4 + the 5 acknowledgements of a put > 8: every read meets every acknowledged put. */
export const READ_QUORUM = 4;

/** Most peers asked for one record. [peers] All replicas. */
export const MAX_READ_PEERS = 8;

// Crowded keys

/** Peers expected in the widest subtree that stands in for a crowded key. [peers] A replica set. */
export const STAND_IN_PEERS = 8;

/** Subtrees that stand in for it, each half as large as the one before. [subtrees] Three, so that authors and readers meet whose estimates of the network differ by a factor of four: of 40 at 400 peers the extremes differed by three. */
export const STAND_IN_DEPTHS = 3;

/** Stand-ins in each of them. [peers] Two of the three subtrees make a second replica set. */
export const STAND_INS = 4;

/** A peer takes records of keys to which fewer than so many are closer, beside the replicas, by its estimate of the network, however crowded they are. [peers] Twice those of the widest subtree and its sibling. */
export const REGION_PEERS = 32;

// Records

/** Largest value of a record. [bytes] BEP 44's 1000, rounded. */
export const MAX_RECORD_VALUE_BYTES = 1_024;

/** Longest salt of an owned key. [bytes] BEP 44. */
export const MAX_RECORD_SALT_BYTES = 64;

/** Longest life of a record. [ms] Records are soft state: authors put them again. */
export const MAX_RECORD_TTL_MS = 24 * 3_600_000;

/** Records held in all, as encoded. [bytes] Half a percent of a small phone's memory, overhead included. */
export const MAX_RECORD_STORE_BYTES = 8 * 1024 * 1024;

/** The same in records. [records] 1 KiB for each: the smallest take 131 bytes as encoded, 800 as they are held, and walks over all take time. */
export const MAX_RECORDS = 8_192;

/** Records held per author. [records] A person's location, profile and a few dozen documents. */
export const MAX_RECORDS_PER_AUTHOR = 64;

/** The same in bytes, as encoded. [bytes] */
export const MAX_BYTES_PER_AUTHOR = 64 * 1024;

/** Sequence numbers kept after their records, while an older version would still live. [keys] Only shorter lives than before leave one: rare. */
export const MAX_SEQUENCE_FLOORS = 512;

/** Signature checks under way. [checks] About 20 ms of WebCrypto. */
export const MAX_VERIFICATIONS = 128;

/** Different records of one key that a read weighs. [records] One from each peer asked, those of a wide search too, and our own: forged ones crowd out none. */
export const MAX_READ_VERSIONS = MAX_READ_PEERS + REPLICATION + STAND_IN_DEPTHS * STAND_INS + 1;

// Admission

/** A write token is issued under a new secret this often; the one before still counts. [ms] BEP 5. */
export const WRITE_TOKEN_PERIOD_MS = 5 * 60_000;

/** Write tokens of other holders that we keep for later puts. [tokens] */
export const MAX_WRITE_TOKENS = 256;

/** Stores that strangers may send without a token in a burst. [messages] Those of 32 puts at once; as in RFC 7296 §2.6, proof of a return path is asked for only under load. */
export const UNSOLICITED_BURST = 32;

/** How fast that burst grows back. [messages/s] */
export const UNSOLICITED_PER_SECOND = 4;

/** Stores that may arrive over one link in a burst. [messages] A leaving sibling hands over a few hundred keys. */
export const LINK_STORE_BURST = 512;

/** How fast that burst grows back. [messages/s] */
export const LINK_STORES_PER_SECOND = 20;

/** Store rates remembered. [rates] Two a link, of twice the hard limit, so that relinking resets nothing. */
export const MAX_STORE_RATES = 256;

// Copies on the path

/** Reads of a key within `POPULAR_WINDOW_MS` from which on a peer keeps a copy of it. [reads] Rare keys are always read from their holders. */
export const POPULAR_READS = 4;

/** The window in which they count. [ms] */
export const POPULAR_WINDOW_MS = 10_000;

/** Keys whose reads are counted. [keys] */
export const MAX_COUNTED_KEYS = 512;

/** Copies kept. [records] At most 320 kB. */
export const MAX_CACHED_RECORDS = 256;

/** Lists of providers kept. [keys] At most 256 kB of contacts, most of them interned. */
export const MAX_CACHED_PROVIDER_LISTS = 64;

/**
 * Longest time from a holder's answer to the last use of a copy of it: how stale a read of a popular key may be, beside
 * the time that answers travel. [ms] A put is seen by everybody within it; a read marked fresh sees it at once.
 */
export const MAX_STALENESS_MS = 10_000;

/** A holder checks a popular key against the other replicas this often. [ms] So that copies of its answers live for three quarters of MAX_STALENESS_MS at least. */
export const CHECK_MS = MAX_STALENESS_MS / 4;

/** Popular keys that a holder checks against the other replicas at once. [keys] Further ones are read from a quorum each time. */
export const MAX_CHECKS = 32;

/** The life of a copy of a key that is just popular, as far as others are served, halves with every so many peers between it and the key (Kademlia §2.3). [peers] Eight replica sets. */
export const CACHE_HALVING_PEERS = 64;

// Digests

/** Least and most time between two digest exchanges. [ms] facts: periodic, 60 to 120 s, not reactive (Bamboo). */
export const SYNC_MIN_MS = 60_000;
export const SYNC_MAX_MS = 120_000;

/** The same after siblings changed: a pause that gathers changes, and a spread, so that one sibling repairs before all others ask. [ms] */
export const SYNC_DELAY_MS = 5_000;
export const SYNC_SPREAD_MS = 10_000;

/** A peer that exchanged digests with us this recently is not asked again in a periodic round. [ms] */
export const SYNC_QUIET_MS = SYNC_MIN_MS;

/** After siblings changed: a peer that exchanged digests this recently is asked again only after as long. [ms] Under churn siblings change every few seconds. */
export const SYNC_URGENT_QUIET_MS = 30_000;

/** Only a peer with a proof of life this new is sent a digest; whoever lives is proven again by its neighbours' contacts before long. [ms] */
export const SYNC_PROVEN_MS = 15_000;

/** Peers that digests are exchanged with per round. [peers] Both sides' replica sets. */
export const MAX_SYNC_PEERS = 16;

/** Parts of the key space in a digest: one hash each. [parts] facts: a 16-way range digest, not trees. */
export const SYNC_PARTS = 16;

/** Entries in an answer to a digest. [entries] 6.9 kB. */
export const MAX_SYNC_ENTRIES = 256;

/** Keys asked for at once. [keys] */
export const MAX_SYNC_WANTED = 64;

/** Copies sent to one peer after one exchange. [messages] The next round goes on. */
export const MAX_SYNC_SENT = 64;

/** How long the sorting of what is held by replica peers is used again. [ms] It costs a walk over everything held, some 12 us for each key: where news came it is used for a millisecond a key. */
export const SYNC_SHARED_MS = 5_000;

/** Copies sent when leaving. [messages] What a closing page still gets out. */
export const MAX_HANDED_OVER = 256;

// Provider records

/** Life of a provider record. [ms] Short, because a tab's provider is gone without a word. */
export const PROVIDER_TTL_MS = 10 * 60_000;

/** A provider announces again after this. [ms] Half its life. */
export const PROVIDER_REFRESH_MS = PROVIDER_TTL_MS / 2;

/** An announcement that failed, or was taken back and dropped by too few, is sent or taken back again after this. [ms] As often as replicas compare: one message a minute for what lives ten. */
export const ANNOUNCEMENT_RETRY_MS = SYNC_MIN_MS;

/** Providers held per key. [providers] */
export const MAX_PROVIDERS_PER_KEY = 64;

/** Keys with providers held. [keys] Four full libraries; with one provider each they take 3.3 MB. */
export const MAX_PROVIDER_KEYS = 4_496;

/** Keys this peer may announce. [keys] A library of MAX_TORRENTS, MAX_COMPLETE_TWINS of it twice, and what a program publishes beside it. */
export const MAX_PUBLISHED_KEYS = 1_124;

/** Keys held per provider. [keys] All that it may announce: where there are few peers, each is a replica of every key. */
export const MAX_KEYS_PER_PROVIDER = MAX_PUBLISHED_KEYS;

/** Announcements sent at once. [keys] What people share in one go; each is ten messages. */
export const ANNOUNCEMENT_BURST = 64;

/** How fast that grows back. [keys/s] As fast as a neighbour takes them: it may be a replica of each. A library of 1,000 is announced within 50 s. */
export const ANNOUNCEMENTS_PER_SECOND = LINK_STORES_PER_SECOND;

/** Announcements taken back that are remembered, so that a slower replica does not bring them back. [announcements] */
export const MAX_WITHDRAWN = 512;
