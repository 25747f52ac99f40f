import type { Contact, NodeId } from '../../../shared/src/ids.ts';
import { MAX_REFERRERS } from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { RttEstimator } from './rtt.ts';

/** What is known about a live link. */
export interface LinkState {
  readonly since: Millis;
  /** The newest frame of any kind, moved forward by our own stalls. */
  lastHeard: Millis;
  readonly rtt: RttEstimator;
  /** Sequence number of the newest ping. [0 .. 65535] */
  pingSequence: number;
  /** When it left; undefined when it was answered. */
  pingSentAt: Millis | undefined;
  /** The peer says that it needs this link: we are a sibling of its, or the only link of a bucket. */
  isNeededByPeer: boolean;
  /** A hop was not acknowledged in time and nothing was heard since: other candidates go first. */
  isSuspect: boolean;
  malformedCount: number;
  /** When we last sent our contacts. */
  contactsSentAt: Millis;
}

/** One contact of the routing table. */
export interface Entry {
  readonly contact: Contact;
  /** Length of the prefix it shares with our own id. */
  readonly bucket: number;
  /** Newest instant at which somebody had a live link to it, as far as we know. */
  lastProof: Millis;
  link: LinkState | undefined;
  /** When our dial began; undefined when none is under way. */
  dialingSince: Millis | undefined;
  /** No dial before this instant. */
  retryAt: Millis;
  /** Dials that failed in a row. */
  failureCount: number;
  /** Peers that told us of it, newest first: messages go to it through them. BOUNDED: by MAX_REFERRERS. */
  readonly referrers: NodeId[];
}

export function newEntry(contact: Contact, bucket: number, lastProof: Millis, retryAt: Millis = 0): Entry {
  return {
    contact,
    bucket,
    lastProof,
    link: undefined,
    dialingSince: undefined,
    retryAt,
    failureCount: 0,
    referrers: [],
  };
}

export function newLink(now: Millis): LinkState {
  return {
    since: now,
    lastHeard: now,
    rtt: new RttEstimator(),
    pingSequence: 0,
    pingSentAt: undefined,
    isNeededByPeer: false,
    isSuspect: false,
    malformedCount: 0,
    contactsSentAt: now,
  };
}

/** Remembers who told us of `entry`, newest first. */
export function addReferrer(entry: Entry, referrer: NodeId): void {
  const { referrers } = entry;
  if (referrers[0] === referrer || referrer === entry.contact.id) return;
  const at = referrers.indexOf(referrer);
  if (at >= 0) referrers.splice(at, 1);
  else if (referrers.length >= MAX_REFERRERS) referrers.pop();
  referrers.unshift(referrer);
}

/** The newest proof of life: what was heard on the link, or what others reported. */
export function proofOf(entry: Entry): Millis {
  return entry.link ? Math.max(entry.link.lastHeard, entry.lastProof) : entry.lastProof;
}
