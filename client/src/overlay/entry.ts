import type { Contact, NodeId } from '../../../shared/src/ids.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { type PackedPlace, UNKNOWN_PLACE } from './coordinates.ts';
import { RttEstimator } from './rtt.ts';
import { NO_LINKS, type ToldLinks } from './told-links.ts';

/** What is known about a live link. */
export interface LinkState {
  readonly since: Millis;
  /** We opened it: nobody else chose that peer for us. */
  readonly isOutbound: boolean;
  /** The public network that the peer is in; undefined when unknown or private. */
  network: string | undefined;
  /** The newest frame of any kind, moved forward by our own stalls. */
  lastHeard: Millis;
  readonly rtt: RttEstimator;
  /** Sequence number of the newest ping. [0 .. 65535] */
  pingSequence: number;
  /** When it left; undefined when it was answered. */
  pingSentAt: Millis | undefined;
  /** The link is dead unless the ping is answered by then; undefined when there is no such doubt. */
  answerBy: Millis | undefined;
  /** The peer says that it needs this link: we are a sibling of its, or the only link of a bucket. */
  isNeededByPeer: boolean;
  /** What the peer was last told of our place. */
  toldPlace: PackedPlace;
  /** How sure the peer is of its own. [1/255 of the round trip] */
  placeError: number;
  /** A hop was not acknowledged in time and nothing was heard since: other candidates go first. */
  isSuspect: boolean;
  malformedCount: number;
  /** When we last looked which contacts to send. */
  contactsSentAt: Millis;
  /** When we last sent them whether it had them or not. */
  fullExchangeAt: Millis;
  /** Those it has from us, as far as that was noted. BOUNDED: by the contacts of one exchange. */
  sentContacts: readonly NodeId[];
  /** The links of ours that the peer knows of; undefined until it was told any. */
  toldLinks: ToldLinks | undefined;
  /** The links of the peer, as it tells. BOUNDED: by MAX_TOLD_LINKS. */
  farLinks: ToldLinks;
}

/** What became of our dials to a contact without a link. */
export interface DialState {
  /** When the present dial began; undefined when none is under way. */
  since: Millis | undefined;
  /** Whether we can do without the link that is being dialled. */
  isSpare: boolean;
  /** Dials that failed in a row. */
  failureCount: number;
  /** No dial before this instant that we can do without: one of the two gave the link up, or did not want it. */
  spareAt: Millis;
  /** Its offers are refused until this instant: its network has its share of our links. */
  refusedUntil: Millis;
  /** The public network that it was in when its link was given up; undefined when unknown or private. */
  network: string | undefined;
}

export function newDial(): DialState {
  return { since: undefined, isSpare: false, failureCount: 0, spareAt: 0, refusedUntil: 0, network: undefined };
}

/** One contact of the routing table. A full table holds hundreds: what only few of them have is in a part of its own. */
export class Entry {
  readonly contact: Contact;
  /** Length of the prefix it shares with our own id. */
  readonly bucket: number;
  /** Newest instant at which somebody had a live link to it, as far as we know. */
  lastProof: Millis;
  /** No dial before this instant. */
  retryAt: Millis;
  /** Where it says it is, or where others say so. Less than 0: what its round trip was when we had a link, which no claim changes. [-ms] */
  place: PackedPlace = UNKNOWN_PLACE;
  link: LinkState | undefined = undefined;
  /** Undefined until the first dial, and again once there was a link. */
  dial: DialState | undefined = undefined;
  #referrer: NodeId | undefined = undefined;
  #olderReferrer: NodeId | undefined = undefined;
  /** The link over which we heard of it; null once there were several. */
  #source: NodeId | null | undefined = undefined;

  constructor(contact: Contact, bucket: number, lastProof: Millis, retryAt: Millis = 0) {
    this.contact = contact;
    this.bucket = bucket;
    this.lastProof = lastProof;
    this.retryAt = retryAt;
  }

  get isDialing(): boolean {
    return this.dial?.since !== undefined;
  }

  /** Peers that told us of it, newest first: messages go to it through them. At most MAX_REFERRERS. */
  get referrers(): readonly NodeId[] {
    if (this.#referrer === undefined) return NO_IDS;
    return this.#olderReferrer === undefined ? [this.#referrer] : [this.#referrer, this.#olderReferrer];
  }

  /** The only link over which we heard of it; undefined when there was none, or several. */
  get soleSource(): NodeId | undefined {
    return this.#source ?? undefined;
  }

  /** The newest proof of life: what was heard on the link, or what others reported. */
  get proof(): Millis {
    return this.link ? Math.max(this.link.lastHeard, this.lastProof) : this.lastProof;
  }

  /** Remembers over which link we heard of it: whoever is at its other end may say anything about who told them. */
  addSource(link: NodeId): void {
    if (this.#source === undefined) this.#source = link;
    else if (this.#source !== link) this.#source = null;
  }

  /** Remembers who told us of it. */
  addReferrer(referrer: NodeId): void {
    if (this.#referrer === referrer || referrer === this.contact.id) return;
    this.#olderReferrer = this.#referrer;
    this.#referrer = referrer;
  }
}

const NO_IDS: readonly NodeId[] = [];

export function newLink(now: Millis, isOutbound = false): LinkState {
  return {
    since: now,
    isOutbound,
    network: undefined,
    lastHeard: now,
    rtt: new RttEstimator(),
    pingSequence: 0,
    pingSentAt: undefined,
    answerBy: undefined,
    isNeededByPeer: false,
    toldPlace: UNKNOWN_PLACE,
    placeError: 255,
    isSuspect: false,
    malformedCount: 0,
    contactsSentAt: now,
    fullExchangeAt: now,
    sentContacts: NO_IDS,
    toldLinks: undefined,
    farLinks: NO_LINKS,
  };
}
