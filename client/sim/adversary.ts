import { type Contact, KEY_BYTES, type Key, type NodeId, contactFromKey } from '../../shared/src/ids.ts';
import { MAX_FRAME_CONTACTS, MAX_HOPS } from '../../shared/src/limits/overlay.ts';
import { type Millis, type Rng, randomBelow, randomBytes } from '../../shared/src/machine.ts';
import { commonPrefixBits, compareDistance, isCloser } from '../../shared/src/xor.ts';
import { ContactCache } from '../src/overlay/contact-cache.ts';
import { type PackedPlace, UNKNOWN_PLACE } from '../src/overlay/coordinates.ts';
import type { AgedContact } from '../src/overlay/frame-fields.ts';
import {
  FLAG_NEEDED,
  FRAME,
  decodeContacts,
  decodePing,
  encodeAck,
  encodeContacts,
  encodePing,
} from '../src/overlay/link-frames.ts';
import { closestOf } from '../src/overlay/lookup.ts';
import { decodeFind, decodeGet, encodeRead } from '../src/overlay/payloads.ts';
import { decodeStore } from '../src/overlay/record-payloads.ts';
import { encodeReply } from '../src/overlay/reply-frame.ts';
import { ROUTE_EXACT, ROUTE_KIND, type RouteFrame, decodeRoute, patchRoute } from '../src/overlay/route-frame.ts';
import type { OverlayInput, OverlayOutput } from '../src/overlay/types.ts';
import type { Behaviour, SimNode } from './sim-node.ts';

/**
 * What colluders do with the messages of others. `drop`: acknowledge and forget. `misroute`: acknowledge and hand to
 * another colluder, or to the linked peer farthest from the target. `lie`: answer every lookup as if they were the
 * closest, with colluders, and with a peer that does not exist when they have made some up; find nothing in what others
 * read, and keep nothing of what they store. `sybil`: lie, from ids chosen around one key.
 * `eclipse`: lie to one victim only, fill its table, claim to be where it is, and to need every link to it.
 */
export type AttackKind = 'drop' | 'misroute' | 'lie' | 'sybil' | 'eclipse';

/** Colluders that a liar names. [contacts] As many as honest answers have. */
const NAMED = 20;

/** What colluders know of each other: everything, at once, without a message. */
export class Coalition {
  readonly kind: AttackKind;
  readonly ghosts: readonly Contact[];
  /** The one peer under attack, of `eclipse`. */
  victim: NodeId | undefined;
  /** Where the victim says it is. */
  victimPlace: PackedPlace = UNKNOWN_PLACE;
  readonly #members = new Map<NodeId, Contact>();

  /** `ghosts`: how many peers that do not exist liars have made up, to name the one closest to each key. */
  constructor(kind: AttackKind, ghosts: number, rng: Rng) {
    this.kind = kind;
    this.ghosts = Array.from({ length: ghosts }, () => randomContact(rng));
  }

  /** Makes `node` one of the colluders. */
  recruit(node: SimNode): void {
    this.#members.set(node.contact.id, node.contact);
    node.behaviour = new Adversary(node, this);
  }

  has(id: NodeId): boolean {
    return this.#members.has(id);
  }

  get size(): number {
    return this.#members.size;
  }

  closest(key: Key, count: number): Contact[] {
    return closestOf(key, [...this.#members.values()], count);
  }

  ghostNear(key: Key): Contact | undefined {
    let best: Contact | undefined;
    for (const ghost of this.ghosts) if (!best || isCloser(key, ghost.id, best.id)) best = ghost;
    return best;
  }

  isGhost(id: NodeId): boolean {
    return this.ghosts.some((ghost) => ghost.id === id);
  }
}

/** A peer of a coalition: the shipping machine, with some of its inputs withheld and some of its outputs replaced. */
export class Adversary implements Behaviour {
  readonly #node: SimNode;
  readonly #coalition: Coalition;
  readonly #cache = new ContactCache(64);

  constructor(node: SimNode, coalition: Coalition) {
    this.#node = node;
    this.#coalition = coalition;
  }

  handle(input: OverlayInput, now: Millis, out: OverlayOutput[]): void {
    if (input.kind === 'received' && input.bytes[1] === FRAME.route) {
      const frame = decodeRoute(input.bytes, this.#cache);
      if (frame && this.#attack(input.from, frame, input.bytes, out)) return;
    }
    if (input.kind === 'received' && input.from === this.#coalition.victim) this.#overhear(input.bytes);
    const before = out.length;
    this.#node.overlay.handle(input, now, out);
    if (this.#coalition.victim !== undefined) this.#poison(out, before);
  }

  /** True: the machine is not to see the message. */
  #attack(from: NodeId, frame: RouteFrame, bytes: Uint8Array, out: OverlayOutput[]): boolean {
    const isForUs = (frame.flags & ROUTE_EXACT) !== 0 && frame.target === this.#node.contact.id;
    switch (this.#coalition.kind) {
      case 'drop':
        // What it needs to get links of its own, it takes.
        if (isForUs && frame.kind !== ROUTE_KIND.find) return false;
        out.push(accept(from, frame));
        return true;
      case 'misroute':
        if (isForUs) return false;
        out.push(accept(from, frame));
        this.#handToWrongPeer(from, frame, bytes, out);
        return true;
      case 'lie':
      case 'sybil':
        return this.#lie(from, frame, isForUs, out);
      case 'eclipse':
        return frame.origin.id === this.#coalition.victim && this.#lie(from, frame, isForUs, out);
    }
  }

  #handToWrongPeer(
    from: NodeId,
    { target, hops, lifetimeMs, detours }: RouteFrame,
    bytes: Uint8Array,
    out: OverlayOutput[],
  ): void {
    const others = [...this.#node.links.keys()].filter((id) => id !== from);
    const colluders = others.filter((id) => this.#coalition.has(id));
    const to = colluders[randomBelow(this.#node.rng, Math.max(1, colluders.length))] ?? farthest(target, others);
    if (to === undefined || hops >= MAX_HOPS) return;
    out.push({ kind: 'send', to, bytes: patchRoute(bytes, hops + 1, lifetimeMs, detours, 0) });
  }

  /**
   * Answers a lookup, or a question to a peer that does not exist, with a ghost and colluders; a read with nothing, and a
   * store with the claim that everybody has it.
   */
  #lie(from: NodeId, frame: RouteFrame, isForUs: boolean, out: OverlayOutput[]): boolean {
    const isExact = (frame.flags & ROUTE_EXACT) !== 0;
    const isForGhost = isExact && this.#coalition.isGhost(frame.target);
    const lie = lieFor(frame, this.#cache);
    if (!lie || (isExact && !isForUs && !isForGhost) || frame.origin.id === lie.key) return false;
    const ghost = this.#coalition.ghostNear(lie.key);
    const named = closestOf(lie.key, [...this.#coalition.closest(lie.key, NAMED), ...(ghost ? [ghost] : [])], NAMED);
    const closest: AgedContact[] = named.map((contact) => ({ contact, age: 0, place: UNKNOWN_PLACE }));
    const trail = [{ id: isForGhost ? frame.target : this.#node.contact.id, samples: [] }];
    const reply = { id: frame.id, status: 'ok', hops: frame.hops, payload: lie.payload, closest, trail } as const;
    out.push({ kind: 'send', to: from, bytes: encodeReply(reply) });
    return true;
  }

  /** What the victim says about its place is where colluders are from now on. */
  #overhear(bytes: Uint8Array): void {
    const isPing = bytes[1] === FRAME.ping || bytes[1] === FRAME.pong;
    const claim = isPing ? decodePing(bytes)?.claim : undefined;
    if (claim) this.#coalition.victimPlace = claim.place;
  }

  /** Whatever contacts the victim is told of are colluders, and all of them are where it is. */
  #poison(out: OverlayOutput[], start: number): void {
    const { victim } = this.#coalition;
    for (let i = start; i < out.length; i++) {
      const output = out[i];
      if (output?.kind !== 'send' || output.to !== victim) continue;
      const bytes = output.bytes[1] === FRAME.contacts ? this.#poisoned(output.bytes) : this.#displaced(output.bytes);
      if (bytes) out[i] = { ...output, bytes };
    }
  }

  #poisoned(bytes: Uint8Array): Uint8Array | undefined {
    const { victim, victimPlace } = this.#coalition;
    const frame = decodeContacts(bytes, this.#cache);
    if (!frame || victim === undefined) return undefined;
    const contacts = this.#coalition
      .closest(victim, MAX_FRAME_CONTACTS)
      .map((contact) => ({ contact, age: 0, place: victimPlace }));
    return encodeContacts({ flags: frame.flags | FLAG_NEEDED, contacts });
  }

  /** A PING or PONG that claims to be sent from where the victim is, by one who needs it. */
  #displaced(bytes: Uint8Array): Uint8Array | undefined {
    const type = bytes[1];
    const frame = type === FRAME.ping || type === FRAME.pong ? decodePing(bytes) : undefined;
    if (!frame || (type !== FRAME.ping && type !== FRAME.pong)) return undefined;
    return encodePing(type, {
      ...frame,
      flags: frame.flags | FLAG_NEEDED,
      claim: { place: this.#coalition.victimPlace, error: 0 },
    });
  }
}

const NOTHING = new Uint8Array(0);

const NOTHING_READ = encodeRead({ token: undefined, copyAgeMs: undefined, body: NOTHING });
const EIGHT_COPIES = new Uint8Array([8]);

/** What a liar answers, and about which key; undefined for messages that it leaves alone. */
function lieFor(
  { kind, payload }: RouteFrame,
  cache: ContactCache,
): { readonly key: Key; readonly payload: Uint8Array } | undefined {
  if (kind === ROUTE_KIND.find) return keyed(decodeFind(payload)?.key, NOTHING);
  if (kind === ROUTE_KIND.get) return keyed(decodeGet(payload)?.key, NOTHING_READ);
  if (kind === ROUTE_KIND.store) return keyed(decodeStore(payload, cache)?.record.key, EIGHT_COPIES);
  return undefined;
}

function keyed(key: Key | undefined, payload: Uint8Array): ReturnType<typeof lieFor> {
  return key === undefined ? undefined : { key, payload };
}

function accept(to: NodeId, { id }: RouteFrame): OverlayOutput {
  return { kind: 'send', to, bytes: encodeAck({ id, status: 'accepted' }) };
}

function farthest(target: NodeId, ids: readonly NodeId[]): NodeId | undefined {
  return ids.reduce<NodeId | undefined>(
    (worst, id) => (worst === undefined || compareDistance(target, id, worst) > 0 ? id : worst),
    undefined,
  );
}

function randomContact(rng: Rng): Contact {
  return contactFromKey(randomBytes(rng, KEY_BYTES));
}

/** Keys whose id shares `bits` bits with `key`, or the best of `tries`: ids are hashes, so an attacker can only try. */
export function contactNear(key: Key, bits: number, tries: number, rng: Rng): Contact {
  let best = randomContact(rng);
  for (let i = 1; i < tries && commonPrefixBits(key, best.id) < bits; i++) {
    const next = randomContact(rng);
    if (isCloser(key, next.id, best.id)) best = next;
  }
  return best;
}
