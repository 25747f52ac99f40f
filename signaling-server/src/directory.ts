import { type Contact, type NodeId, idPrefix } from '../../shared/src/ids.ts';
import { MAX_INTRODUCTIONS } from '../../shared/src/limits/signaling.ts';
import { type Rng, randomBelow } from '../../shared/src/machine.ts';
import { compareContacts } from '../../shared/src/xor.ts';

/** How many of the introduced peers are the closest ids; the rest are random, so that no island closes in on itself. */
const CLOSEST_INTRODUCTIONS = 3;

interface Entry<Session> {
  readonly contact: Contact;
  readonly session: Session;
  /** Place in the array of all entries. */
  index: number;
}

/** The joined peers, each with the session that proved its key. */
export class Directory<Session> {
  readonly #rng: Rng;
  readonly #capacity: number;
  /** BOUNDED: by `capacity`; a newcomer over it is refused. */
  readonly #byId = new Map<NodeId, Entry<Session>>();
  readonly #entries: Entry<Session>[] = [];

  constructor(rng: Rng, capacity: number) {
    this.#rng = rng;
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.length;
  }

  get(id: NodeId): Session | undefined {
    return this.#byId.get(id)?.session;
  }

  /** Registers a session under its contact's id, in place of an earlier one. False when there is no room. */
  set(contact: Contact, session: Session): boolean {
    const earlier = this.#byId.get(contact.id);
    if (!earlier && this.#entries.length >= this.#capacity) return false;
    const entry = { contact, session, index: earlier?.index ?? this.#entries.length };
    this.#byId.set(contact.id, entry);
    this.#entries[entry.index] = entry;
    return true;
  }

  /** Takes `id` out, but only when `session` is the one registered for it. */
  delete(id: NodeId, session: Session): boolean {
    const entry = this.#byId.get(id);
    if (!entry || entry.session !== session) return false;
    this.#byId.delete(id);
    const last = this.#entries.pop();
    if (last && last !== entry) {
      this.#entries[entry.index] = last;
      last.index = entry.index;
    }
    return true;
  }

  /** At most 5 others: those with the ids closest to `id`, then random ones, none twice. */
  introductionsFor(id: NodeId): Contact[] {
    const chosen = new Map<NodeId, Contact>(); // BOUNDED: by MAX_INTRODUCTIONS.
    for (const contact of this.#closest(id)) chosen.set(contact.id, contact);
    // A draw may hit somebody chosen already; twenty draws find two more in all but tiny networks, and there the
    // sweep below does.
    for (let draws = 0; draws < 20 && chosen.size < MAX_INTRODUCTIONS && this.#entries.length > 0; draws++) {
      this.#choose(chosen, id, this.#entries[randomBelow(this.#rng, this.#entries.length)]);
    }
    for (let at = 0; at < this.#entries.length && at < 64 && chosen.size < MAX_INTRODUCTIONS; at++) {
      this.#choose(chosen, id, this.#entries[at]);
    }
    return [...chosen.values()];
  }

  #choose(chosen: Map<NodeId, Contact>, asker: NodeId, entry: Entry<Session> | undefined): void {
    if (entry && entry.contact.id !== asker) chosen.set(entry.contact.id, entry.contact);
  }

  #closest(id: NodeId): Contact[] {
    const prefix = idPrefix(id);
    const best: Contact[] = [];
    for (const { contact } of this.#entries) {
      // Every introduction looks at every peer. All but a few of them end here, by their prefix alone.
      const farthest = best[CLOSEST_INTRODUCTIONS - 1];
      if (farthest && compareContacts(id, prefix, contact, farthest) >= 0) continue;
      if (contact.id === id) continue;
      const at = best.findIndex((other) => compareContacts(id, prefix, contact, other) < 0);
      best.splice(at < 0 ? best.length : at, 0, contact);
      if (best.length > CLOSEST_INTRODUCTIONS) best.pop();
    }
    return best;
  }
}
