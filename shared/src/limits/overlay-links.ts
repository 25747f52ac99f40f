/** Caps and timing of the overlay's links: how many there are, whom they go to, and when they are dialled and given up. */

/** Links aimed for on a desktop. [links] 32 to 48 is where hops stop falling fast; see the sweep in client/sim. */
export const DEFAULT_LINK_TARGET = 40;

/** Links never exceeded by the overlay. [links] Leaves room for swarm and calls below Chromium's 500 connections. */
export const DEFAULT_LINK_HARD = 64;

/** Share of the target up to which links are opened without need; inbound ones fill the rest. Keeps two full peers from taking turns at pruning. */
export const LINK_FILL_SHARE = 0.8;

/** Share of the target below which a peer that had reached that share dials for spare links again; between the two inbound links do. */
export const LINK_REFILL_SHARE = 0.65;

/**
 * Share of the target up to which offers are taken that nobody needs, and above which links are pruned. With none to spare
 * a network of 1,000 peers refuses so many offers that its ways get 3 % longer (measured: npm run sim -- growth).
 */
export const LINK_ADMIT_SHARE = 1.25;

/** Links that each non-empty bucket should have. [links] One may die without a hole in the table. */
export const MIN_LINKS_PER_BUCKET = 2;

/**
 * Peers that are believed, in a bucket where we are nobody's sibling, when they say that they need our link and there are more
 * links than wanted. [links] One that has a single link in a bucket soon has two: among 1,000 peers that is so of a link or two
 * in all (estimated, not measured).
 */
export const BELIEVED_NEEDS = 4;

/** The oldest of the links that we opened ourselves, which are kept once every place is taken, until there are no more links than wanted. [links] Nobody else chose these (DESIGN: at least 4 anchors). */
export const ANCHOR_LINKS = 4;

/** Dials in flight. [dials] ICE gathering is the expensive part of a link; four keep a page responsive. */
export const MAX_DIALS = 4;

/**
 * Links that a new peer opens at once; with them it is joined and can reach everyone. [links] Each link costs about
 * 50 ms of processor time on both sides together (measured by ten tabs on two cores), so the first ones go alone.
 */
export const EAGER_LINKS = 3;

/** Least time between two dials once the first links are up. [ms] Siblings and the first link of every bucket are there within a few seconds. */
export const DIAL_PACE_MS = 300;

/**
 * Least time between two dials that only shorten ways: those beyond the siblings and the first link of every bucket.
 * [ms] Half of all sessions last less than a minute under churn (Stutzbach & Rejaie 2006); their spare links cost most
 * of the upkeep and serve nobody.
 */
export const SPARE_DIAL_PACE_MS = 1_000;

/** The same while we are young ourselves. [ms] A peer's prospects are better after that. */
export const YOUNG_SPARE_DIAL_PACE_MS = 6_000;

/** How long a peer is young. [ms] The median session when the mean is two minutes (Weibull, shape 0.5). */
export const YOUNG_MS = 30_000;

/** A peer with its first links leaves one that it just learned of this long to dial by itself. [ms] About a join. */
export const NEWCOMER_PAUSE_MS = 1_500;

/** Least time between two dials that replace a slow link by a near one. [ms] As long as a link takes to open and to be measured. */
export const SWAP_PACE_MS = 3_000;

/**
 * Links that a peer may replace one after the other. [links] What it linked to while it joined is near nobody in particular,
 * and each takes some 5 s: with 40 it does so until SWAP_MAX_AGE_MS. Among 1,000 peers, 200 s after the last came, a lookup took
 * 276 ms (median) and 2.94 hops with 24, 262 and 2.92 with 40; among 3,000, after 140 s, 356 ms and 3.63 with 10, 318 and 3.55
 * with 24 (measured: npm run sim -- growth --links 32 --seed 1).
 */
export const SWAP_BURST = 40;

/** A peer older than this replaces none. [ms] What newcomers link to is to stay, and those who come later link to the near ones by themselves. */
export const SWAP_MAX_AGE_MS = 240_000;

/**
 * Time after which it may replace one more. [ms] A replaced link cost the network 6 KB, two thirds of it signals on their way, while
 * offers and answers went separate ways (measured by the same at 500 peers): 50 B/s for as long as there is something to gain.
 */
export const SWAP_PERIOD_MS = 120_000;

/** A link is replaced when the new one is better by this much. [ms of round trip] Predictions are off by a fifth (median): by 10 ms for a peer that is near. */
export const SWAP_GAIN_MS = 24;

/**
 * Somebody heard of within this time is dialled to replace a link. [ms] Contacts are told anew every 45 s, so less leaves
 * out many that are there. With 15 s lookups took 294 and 290 ms (median, two seeds), with 60 s 294 and 266, for 30 B/s
 * more of upkeep (measured by the same).
 */
export const SWAP_FRESH_MS = 60_000;

/**
 * After a link was lost with its peer none is replaced for this long. [ms] Under churn with sessions of two minutes a peer loses one
 * every four seconds and replaces hardly any, with sessions of ten minutes every eighteen. Without it upkeep rose by 10 % under the former
 * (measured: npm run sim -- churn --session 120), with it by 1 %.
 */
export const SWAP_HOLD_MS = 10_000;

/** A contact with a proof of life this new is dialled rather than one without. [ms] */
export const DIAL_FRESH_MS = 15_000;

/** A sibling is dialled only with a proof of life this new. [ms] Of older ones 72 % were dead under churn with sessions of two minutes, of newer ones 3 % (measured: npm run sim -- churn --session 120). */
export const DIAL_PROVEN_MS = 6_000;

/**
 * Answers of neighbours that wait this long on top of their way mean that we, or all around us, have more to do than there
 * is time for. [ms] A busy but sound machine makes it tens; a wireless link under load makes it about a hundred.
 */
export const BUSY_WAIT_MS = 150;

/** Answers older than this say nothing about how busy we are. [ms] Of an idle link the lower id pings at least as often. */
export const WAITING_FRESH_MS = 10_000;

/** Dials in flight while we are that busy. [dials] Each takes so much longer then that four of them time out together. */
export const BUSY_DIALS = 1;

/** A dial without an answer from the link layer counts as failed after this. [ms] ICE's own limit is about 15 s. */
export const DIAL_TIMEOUT_MS = 20_000;

/** An offer that is no link after this gives its place to a new one where none is left. [ms] Links come up within 1.5 to 3 s (facts §3.4), over slow relays within 10. */
export const PENDING_GRACE_MS = 5_000;

/** A neighbour over whose link one in so many of the offers under way came displaces no others' with further ones. [shares] As of the contacts of a bucket: a quarter. */
export const PENDING_SHARES = 4;

/** First pause after a failed dial; doubles up to `DIAL_BACKOFF_MAX_MS`. [ms] */
export const DIAL_BACKOFF_MS = 5_000;

/** Longest pause between dials to one peer. [ms] */
export const DIAL_BACKOFF_MAX_MS = 300_000;

/** Longest time for which reports of a peer that could not be dialled are not believed. [ms] A newcomer is unreachable only until its first links are up. */
export const UNREACHABLE_BAN_MAX_MS = 20_000;

/** A link younger than this is not pruned. [ms] Longer than a join, so that newcomers settle first. */
export const PRUNE_MIN_AGE_MS = 30_000;

/** A peer whose link was pruned is not dialled again for this long although it is needed. [ms] As long as a link is too young to be pruned. */
export const PRUNE_HOLD_OFF_MS = 30_000;

/** A peer that refused a link, or whose link was pruned, is not asked again for this long for one that is not needed. [ms] Shorter ones let two peers open and prune the same link for ever. */
export const REFUSAL_HOLD_OFF_MS = 600_000;

/** The link policy runs at most this often. [ms] Small, so that a page is linked quickly after it opens. */
export const POLICY_INTERVAL_MS = 50;

/** A settled peer looks this often whether it should link to somebody else. [ms] Changes of its table are looked at at once. */
export const POLICY_RECHECK_MS = 10_000;

/** Refusals in a row after which spare dials get no rarer; each one doubles the pause before the next. [refusals] From 1 s to a minute. */
export const MAX_REFUSAL_DOUBLINGS = 6;

/**
 * Links to peers in one public network (IPv4 /24, IPv6 /48), when others could serve. [links] discv5 allows 10 nodes of
 * a /24 in a table (go-ethereum `tableIPLimit`).
 */
export const MAX_LINKS_PER_NETWORK = 10;

/** The same within one bucket. [links] discv5 allows 2 nodes of a /24 in a bucket (go-ethereum `bucketIPLimit`). */
export const MAX_LINKS_PER_NETWORK_IN_BUCKET = 2;

/** Unlinked contacts that one source may have named in a bucket that is half full. [contacts] A quarter of it (ES-DHT takes at most a fifth from one peer). */
export const MAX_CONTACTS_PER_SOURCE = 5;

/** Malformed frames after which a link is closed. [frames] More than version skew explains. */
export const MAX_MALFORMED_FRAMES = 16;

/** A peer closed for malformed frames stays out of the table for this long. [ms] */
export const MALFORMED_BAN_MS = 300_000;
