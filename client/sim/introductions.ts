import type { Contact } from '../../shared/src/ids.ts';
import { type Millis, type Rng, randomBelow, shuffle } from '../../shared/src/machine.ts';
import { compareDistance } from '../../shared/src/xor.ts';
import type { OverlayCommand } from '../src/overlay/types.ts';
import { SERVER_LATENCY_MS } from './network-model.ts';
import type { SimNode } from './sim-node.ts';

/** Introductions that the server gives. [peers] */
const INTRODUCTIONS = 5;

/** How often a peer without any link asks the server for other introductions, as `runtime/network.ts` does. [ms] */
const LONELY_RETRY_MS = 3_000;

/** What the server needs of its world. */
export interface ServerWorld {
  readonly now: Millis;
  readonly rng: Rng;
  readonly isServerUp: boolean;
  at(at: Millis, action: () => void): void;
  command(node: SimNode, command: OverlayCommand): void;
}

/** The server's list of living peers, and the introductions that it gives from it. */
export class Introductions {
  readonly #world: ServerWorld;
  /** Living peers. Each knows its place, so that it is taken out in one step. */
  readonly #registered: SimNode[] = [];

  constructor(world: ServerWorld) {
    this.#world = world;
  }

  /** Puts `node` on the list and tells it of some peers: random living peers and the closest of a sample, at most five. */
  give(node: SimNode): void {
    const pool = shuffle(this.#world.rng, sampleOf(this.#registered, 20, this.#world.rng)).filter(
      (peer) => peer.isAlive && peer !== node,
    );
    const random = pool.slice(0, 3);
    const near = pool.slice(3).sort((a, b) => compareDistance(node.contact.id, a.contact.id, b.contact.id));
    const contacts: Contact[] = [...random, ...near.slice(0, INTRODUCTIONS - random.length)].map(
      ({ contact }) => contact,
    );
    node.registeredAt = this.#registered.push(node) - 1;
    this.#world.at(this.#world.now + 2 * SERVER_LATENCY_MS, () =>
      this.#world.command(node, { kind: 'introduce', contacts }),
    );
    this.#world.at(this.#world.now + LONELY_RETRY_MS, () => this.#giveAgain(node));
  }

  /** A peer without any link asks for others: those it was told of may be gone, or not connectable for it. */
  #giveAgain(node: SimNode): void {
    if (!node.isAlive || node.links.size > 0 || !this.#world.isServerUp) return;
    const contacts = sampleOf(this.#registered, INTRODUCTIONS + 1, this.#world.rng).filter((peer) => peer !== node);
    this.#world.command(node, { kind: 'introduce', contacts: contacts.map(({ contact }) => contact) });
    this.#world.at(this.#world.now + LONELY_RETRY_MS, () => this.#giveAgain(node));
  }

  /** Takes a peer that is gone off the list. */
  forget(node: SimNode): void {
    const at = node.registeredAt;
    const last = at < 0 ? undefined : this.#registered.pop();
    if (!last) return;
    node.registeredAt = -1;
    if (last === node) return;
    this.#registered[at] = last;
    last.registeredAt = at;
  }
}

function sampleOf<T>(items: readonly T[], count: number, rng: Rng): T[] {
  if (items.length <= count) return [...items];
  const chosen = new Set<T>();
  while (chosen.size < count) chosen.add(items[randomBelow(rng, items.length)] as T);
  return [...chosen];
}
