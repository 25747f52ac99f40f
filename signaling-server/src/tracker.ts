import { type Contact, type Key, type NodeId } from '../../shared/src/ids.ts';
import { ANNOUNCE_INTERVAL_MS, MAX_TRACKER_PEERS } from '../../shared/src/limits/signaling.ts';
import { MAX_COMPLETE_TWINS, MAX_TORRENTS } from '../../shared/src/limits/storage.ts';
import { type Deadline, type Machine, type Millis, type Rng, randomBelow } from '../../shared/src/machine.ts';
import type { AnnounceEvent } from '../../shared/src/signaling/events.ts';

/** How long a membership lives without an announce. [ms] Two intervals and a half: one lost announce is forgiven. */
export const MEMBERSHIP_TTL_MS = 2.5 * ANNOUNCE_INTERVAL_MS;

/** Caps of the tracker. */
export interface TrackerLimits {
  /** Most swarms. */
  readonly swarms: number;
  /** Most peers in one swarm; the one silent for longest makes room for a newcomer. */
  readonly peersPerSwarm: number;
  /** Most swarms that one peer may be in. */
  readonly swarmsPerPeer: number;
  /** Most memberships in all. */
  readonly memberships: number;
}

/** About 200 bytes a membership: 40 MB at most. A peer has a library of `MAX_TORRENTS`, `MAX_COMPLETE_TWINS` of it twice, and a few that it has left are not gone yet. */
export const TRACKER_LIMITS: TrackerLimits = {
  swarms: 50_000,
  peersPerSwarm: 5_000,
  swarmsPerPeer: MAX_TORRENTS + MAX_COMPLETE_TWINS + 24,
  memberships: 200_000,
};

export type TrackerInput =
  | {
      readonly kind: 'announce';
      readonly peer: Contact;
      /** On whose account it goes. */
      readonly address: string;
      readonly infoHash: Key;
      readonly event: AnnounceEvent;
    }
  | { readonly kind: 'leave'; readonly peer: NodeId; readonly infoHash: Key }
  /** The peer's socket closed. */
  | { readonly kind: 'gone'; readonly peer: NodeId }
  | { readonly kind: 'deadline' };

/** The answer to an announce. Nothing else has one. */
export type TrackerOutput =
  | { readonly kind: 'peers'; readonly peers: readonly Contact[]; readonly intervalMs: number }
  | { readonly kind: 'full' };

interface Member {
  readonly contact: Contact;
  readonly address: string;
  readonly swarm: Swarm;
  /** Place in `swarm.members`. */
  index: number;
  expiresAt: Millis;
}

interface Swarm {
  readonly infoHash: Key;
  /** For sampling in O(1). */
  readonly members: Member[];
  /** By peer, the longest silent first. */
  readonly byPeer: Map<NodeId, Member>;
}

/** Memberships that are looked at for a swarm to give up. Who mixes its swarms with those of others keeps them. */
const MAX_LOOKED_AT = 64;

/**
 * Who is in which swarm. When it is full an address that has less than others takes a place from the one that has most:
 * whoever fills it keeps nobody else out. Every membership has the same time to live, so keeping the maps in the order of the last
 * announce keeps them in the order of expiry too.
 */
export class Tracker implements Machine<TrackerInput, TrackerOutput> {
  readonly #rng: Rng;
  readonly #limits: TrackerLimits;
  /** BOUNDED: by `limits.swarms`; a swarm goes with its last member, and holds at most `limits.peersPerSwarm`. */
  readonly #swarms = new Map<Key, Swarm>();
  /** BOUNDED: by the memberships; a peer goes with its last one, and has at most `limits.swarmsPerPeer`. */
  readonly #byPeer = new Map<NodeId, Set<Member>>();
  /** By address, the longest silent first. BOUNDED: by the memberships; an address goes with its last one. */
  readonly #byAddress = new Map<string, Set<Member>>();
  /** BOUNDED: by `limits.memberships`. The first to expire comes first. */
  readonly #byAge = new Set<Member>();

  constructor(rng: Rng, limits: TrackerLimits = TRACKER_LIMITS) {
    this.#rng = rng;
    this.#limits = limits;
  }

  get swarmCount(): number {
    return this.#swarms.size;
  }

  get membershipCount(): number {
    return this.#byAge.size;
  }

  handle(input: TrackerInput, now: Millis, out: TrackerOutput[]): void {
    this.#expire(now);
    switch (input.kind) {
      case 'announce':
        out.push(this.#announce(input.peer, input.address, input.infoHash, now));
        return;
      case 'leave': {
        const member = this.#swarms.get(input.infoHash)?.byPeer.get(input.peer);
        if (member) this.#remove(member);
        return;
      }
      case 'gone':
        for (const member of this.#byPeer.get(input.peer) ?? []) this.#remove(member);
        return;
      case 'deadline':
        return;
    }
  }

  nextDeadline(): Deadline | undefined {
    for (const member of this.#byAge) return { at: member.expiresAt, why: 'a membership expires' };
    return undefined;
  }

  #announce(peer: Contact, address: string, infoHash: Key, now: Millis): TrackerOutput {
    const known = this.#swarms.get(infoHash)?.byPeer.get(peer.id);
    if (known) this.#refresh(known, now);
    else if (!this.#add(peer, address, infoHash, now)) return { kind: 'full' };
    return { kind: 'peers', peers: this.#sample(infoHash, peer.id), intervalMs: ANNOUNCE_INTERVAL_MS };
  }

  #refresh(member: Member, now: Millis): void {
    member.expiresAt = now + MEMBERSHIP_TTL_MS;
    for (const members of [this.#byAge, this.#byAddress.get(member.address)]) {
      members?.delete(member);
      members?.add(member);
    }
    member.swarm.byPeer.delete(member.contact.id);
    member.swarm.byPeer.set(member.contact.id, member);
  }

  #add(contact: Contact, address: string, infoHash: Key, now: Millis): boolean {
    if ((this.#byPeer.get(contact.id)?.size ?? 0) >= this.#limits.swarmsPerPeer) return false;
    const existing = this.#swarms.get(infoHash);
    if (existing && existing.members.length >= this.#limits.peersPerSwarm) this.#removeSilentest(existing);
    if (this.#byAge.size >= this.#limits.memberships && !this.#makeRoom(address, 'membership')) return false;
    // A removal above may have taken the swarm's only member, and the swarm with it.
    let swarm = this.#swarms.get(infoHash);
    if (!swarm) {
      if (this.#swarms.size >= this.#limits.swarms && !this.#makeRoom(address, 'swarm')) return false;
      swarm = { infoHash, members: [], byPeer: new Map() };
      this.#swarms.set(infoHash, swarm);
    }
    this.#link({ contact, address, swarm, index: swarm.members.length, expiresAt: now + MEMBERSHIP_TTL_MS });
    return true;
  }

  /** Ends the longest silent membership of the address that has most, or a swarm of its alone. False when `address` has as many. */
  #makeRoom(address: string, what: 'membership' | 'swarm'): boolean {
    let most: ReadonlySet<Member> = new Set();
    for (const members of this.#byAddress.values()) if (members.size > most.size) most = members;
    if (most.size <= (this.#byAddress.get(address)?.size ?? 0) + 1) return false;
    let looked = 0;
    for (const member of most) {
      if (what === 'membership') {
        this.#remove(member);
        return true;
      }
      const { members } = member.swarm;
      if (++looked > MAX_LOOKED_AT) return false;
      if (members.some((other) => other.address !== member.address)) continue;
      for (const each of [...members]) this.#remove(each);
      return true;
    }
    return false;
  }

  #link(member: Member): void {
    const { contact, address, swarm } = member;
    swarm.members.push(member);
    swarm.byPeer.set(contact.id, member);
    this.#byAge.add(member);
    addTo(this.#byPeer, contact.id, member);
    addTo(this.#byAddress, address, member);
  }

  #remove(member: Member): void {
    const { contact, address, swarm } = member;
    const last = swarm.members.pop();
    if (last && last !== member) {
      swarm.members[member.index] = last;
      last.index = member.index;
    }
    swarm.byPeer.delete(contact.id);
    if (swarm.members.length === 0) this.#swarms.delete(swarm.infoHash);
    this.#byAge.delete(member);
    deleteFrom(this.#byPeer, contact.id, member);
    deleteFrom(this.#byAddress, address, member);
  }

  #removeSilentest(swarm: Swarm): void {
    for (const member of swarm.byPeer.values()) {
      this.#remove(member);
      return;
    }
  }

  #expire(now: Millis): void {
    for (const member of this.#byAge) {
      if (member.expiresAt > now) return;
      this.#remove(member);
    }
  }

  /** Random members without `asker`, each at most once (R. W. Floyd's sampling: O(sample), not O(swarm)). */
  #sample(infoHash: Key, asker: NodeId): Contact[] {
    const members = this.#swarms.get(infoHash)?.members ?? [];
    const size = Math.min(MAX_TRACKER_PEERS + 1, members.length);
    const chosen = new Set<number>(); // BOUNDED: by MAX_TRACKER_PEERS + 1.
    for (let top = members.length - size; top < members.length; top++) {
      const pick = randomBelow(this.#rng, top + 1);
      chosen.add(chosen.has(pick) ? top : pick);
    }
    const peers: Contact[] = [];
    for (const index of chosen) {
      const contact = members[index]?.contact;
      if (contact && contact.id !== asker && peers.length < MAX_TRACKER_PEERS) peers.push(contact);
    }
    return peers;
  }
}

function addTo<Key>(sets: Map<Key, Set<Member>>, key: Key, member: Member): void {
  const set = sets.get(key);
  if (set) set.add(member);
  else sets.set(key, new Set([member]));
}

function deleteFrom<Key>(sets: Map<Key, Set<Member>>, key: Key, member: Member): void {
  const set = sets.get(key);
  set?.delete(member);
  if (set?.size === 0) sets.delete(key);
}
