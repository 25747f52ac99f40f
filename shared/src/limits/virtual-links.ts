/** Caps and times of virtual links: what stands in for a link between two peers that cannot connect. */

/** How long a pair that could not connect counts as broken, and longest pause before it is tried again. [ms] facts/overlay.md §3.4; networks change in minutes. */
export const PAIR_HOLD_OFF_MS = 10 * 60_000;

/** Pause before a pair that failed once is tried again. [ms] On a busy machine ICE fails between peers that can connect. */
export const PAIR_FIRST_RETRY_MS = 30_000;

/** Every further failure in a row makes the pause this much longer, up to `PAIR_HOLD_OFF_MS`. */
export const PAIR_RETRY_FACTOR = 4;

/** Peers remembered as not connectable from here. [ids] A table's worth; older ones may be tried again early. */
export const MAX_BROKEN_PAIRS = 512;

/** Virtual links of one peer. [links] All siblings and a few far buckets; each costs about 60 bytes a second. */
export const MAX_VIRTUAL_LINKS = 16;

/** Relays kept per virtual link. [peers] One in use and one to turn to: RON needed a single intermediate (facts/overlay.md §5). */
export const RELAYS_PER_LINK = 2;

/** Common neighbours asked at once for one virtual link. [questions] RON: probe three, keep the quickest. */
export const MAX_PROBES_PER_LINK = 3;

/** Neighbours asked in one search for relays before a pause. [peers] Where a third of the pairs is broken, the sixth is rarely needed. */
export const MAX_RELAY_CANDIDATES = 12;

/** Pause after a search that left a virtual link with fewer relays than wanted. [ms] */
export const RELAY_SEARCH_PAUSE_MS = 10_000;

/** A relay not heard through for this long is probed. [ms] With the timeout below 20 s: RON's detection time. */
export const RELAY_CHECK_MS = 12_000;

/** A relay that only brought probes for this long is probed itself. [ms] Anybody can send a probe in another's name; five checks of a mute relay. */
export const RELAY_PROOF_MS = 60_000;

/** Silence after which the lower id probes; the higher waits for half as long again. [ms] Three chances before the limit. */
export const VIRTUAL_PROBE_MS = 5_000;

/** Silence after which the peer of a virtual link is dead. [ms] Twice that of a link, because relays notice first. */
export const VIRTUAL_SILENCE_MS = 15_000;

/** A probe without an answer fails after this until answers were measured, and at the latest. [ms] Two hops there and back at the largest hop timeout; the least is MIN_PATIENCE_MS. */
export const VIRTUAL_PROBE_TIMEOUT_MS = 3_000;

/** Period of the exchange of contacts over virtual links. [ms] Twice that of links: real siblings tell most. */
export const VIRTUAL_EXCHANGE_MS = 30_000;

// Merging of islands

/** Siblings are compared with those of this long ago, or up to twice. [ms] Longer than a merge's wave needs to pass a peer. */
export const SETTLED_SIBLINGS_MS = 30_000;

/** Share of the former siblings that must be displaced by strangers, alive but no longer among the closest. [0..1] Two equal halves displace half of them; churn replaces the dead. */
export const ISLAND_SHARE = 0.3;

/** Links told of the other island. [links] Fan-out of the wave: three rounds reach 500 peers, four 4,000. */
export const MERGE_HINTS = 8;

/** Pause between two waves from one peer. [ms] Bounds what a false alarm costs: 8 lookups a minute. */
export const MERGE_INTERVAL_MS = 60_000;

/** Least time between two self-lookups that others asked us to make. [ms] */
export const CROSS_CHECK_INTERVAL_MS = 5_000;

/** Deadline of such a self-lookup. [ms] */
export const CROSS_CHECK_TIMEOUT_MS = 5_000;
