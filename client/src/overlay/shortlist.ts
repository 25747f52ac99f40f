import { BoundedMap } from '../../../shared/src/bounded-map.ts';
import type { Contact, Key, NodeId } from '../../../shared/src/ids.ts';
import { BUCKET_CAPACITY, LOOKUP_PLACES_PER_NAMER, LOOKUP_SHORTLIST } from '../../../shared/src/limits/overlay.ts';
import { compareDistance } from '../../../shared/src/xor.ts';

/** A peer that an iterative lookup has in mind. */
export interface Candidate {
  readonly contact: Contact;
  /** Ways to it: chains of referrers, first hop first, each ended by another one who named it; none for peers from our own table. BOUNDED: by MAX_WAYS. */
  readonly ways: (readonly NodeId[])[];
  /** new ──asked──► waiting ──answer──► answered; waiting ──silence, unreachable──► failed ──another names it──► new. */
  state: 'new' | 'waiting' | 'answered' | 'failed';
  /** It answered, and not only through the one who named it although others were asked first. */
  isVouched: boolean;
  /** Asked through others first, because only one peer named it. */
  isDoubted: boolean;
  /** Questions to it so far. */
  askedCount: number;
}

/**
 * The peers that an iterative lookup has in mind. Names cost nothing, so they take no place from the closest peers that
 * answered, one peer's names only a share of the others, and those that fail none at all: the places of these go to what
 * their namer named beside them.
 */
export class Shortlist {
  readonly #key: Key;
  /** Nearest first. BOUNDED: by LOOKUP_SHORTLIST. */
  #candidates: Candidate[] = [];
  /** Those that failed, so that they are not asked for ever. */
  readonly #failed = new BoundedMap<NodeId, Candidate>(LOOKUP_SHORTLIST);
  /** What peers named beyond their shares. */
  readonly #heldBack = new BoundedMap<NodeId, Candidate>(LOOKUP_SHORTLIST);

  constructor(key: Key) {
    this.#key = key;
  }

  /** Those that answered, and nobody alone could have answered in their place; nearest first. */
  get believed(): readonly Candidate[] {
    return this.#candidates.filter(
      ({ state, isVouched, ways }) => state === 'answered' && (isVouched || ways.length > 1),
    );
  }

  /** The nearest `count` that have not failed. */
  nearest(count: number): readonly Candidate[] {
    return this.#candidates.slice(0, count);
  }

  get(id: NodeId): Candidate | undefined {
    return this.#candidates.find(({ contact }) => contact.id === id) ?? this.#failed.get(id);
  }

  /** Takes in one that it does not hold, or that had failed. */
  add(candidate: Candidate): void {
    candidate.state = 'new';
    this.#failed.delete(candidate.contact.id);
    this.#heldBack.delete(candidate.contact.id);
    this.#candidates.push(candidate);
    this.#candidates.sort((a, b) => compareDistance(this.#key, a.contact.id, b.contact.id));
    const rivals = this.#candidates.filter((other) => other.state === 'new' && isNamedAlike(candidate, other));
    if (rivals.length > LOOKUP_PLACES_PER_NAMER) this.#holdBack(rivals.at(-1) as Candidate);
    else if (this.#candidates.length > LOOKUP_SHORTLIST) this.#remove(this.#farthest());
  }

  /** It failed: nobody waits behind it, and the nearest of those that its namer named beyond its share gets its turn. */
  setAside(candidate: Candidate): void {
    this.#remove(candidate);
    this.#failed.set(candidate.contact.id, candidate);
    let next: Candidate | undefined;
    for (const [, other] of this.#heldBack.entries()) {
      if (!isNamedAlike(candidate, other)) continue;
      if (!next || compareDistance(this.#key, other.contact.id, next.contact.id) < 0) next = other;
    }
    if (next) this.add(next);
  }

  #holdBack(candidate: Candidate): void {
    this.#remove(candidate);
    this.#heldBack.set(candidate.contact.id, candidate);
  }

  /** Whoever is asked, and the closest that answered, are what the lookup found so far. */
  #farthest(): Candidate | undefined {
    const kept = this.believed.slice(0, BUCKET_CAPACITY);
    return this.#candidates.findLast((candidate) => candidate.state !== 'waiting' && !kept.includes(candidate));
  }

  #remove(candidate: Candidate | undefined): void {
    this.#candidates = this.#candidates.filter((other) => other !== candidate);
  }
}

/** True when the same peer was the first to name them. */
function isNamedAlike(one: Candidate, other: Candidate): boolean {
  const namer = one.ways[0]?.at(-1);
  return namer !== undefined && other.ways[0]?.at(-1) === namer;
}
