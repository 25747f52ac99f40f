import type { NodeId } from '../../shared/src/ids.ts';
import { type Millis, type Rng, randomUnit } from '../../shared/src/machine.ts';
import type { SimNode } from './sim-node.ts';
import { Samples } from './statistics.ts';
import { Truth } from './truth.ts';
import type { World } from './world.ts';

/** Shape of the session lengths (Stutzbach and Rejaie 2006: 0.34 to 0.59). */
const WEIBULL_SHAPE = 0.5;

/** Mean of a Weibull variable of shape 0.5 and scale 1: Γ(3). */
const WEIBULL_MEAN = 2;

/** Share of leavings without BYE. Between the figures for tabs and for BitTorrent sessions (Stutzbach and Rejaie 2006). */
const UNGRACEFUL = 0.6;

/** A newcomer counts as part of the network this long after it joined. [ms] Its own links take seconds to open. */
const SETTLED_MS = 15_000;

/** A newcomer that has not joined by then will not. [ms] Joins take 3 s. */
const STRANDED_MS = 60_000;

/** How often newcomers are looked at. [ms] */
const LOOK_MS = 1_000;

/** How a peer comes in. */
export type Arrival = () => SimNode;

/**
 * A constant number of peers that come and go: whoever leaves, with or without a word, is replaced by a newcomer. Keeps
 * account of who has settled in, as workloads ask them and measure by them.
 */
export class Population {
  readonly #world: World;
  readonly #meanSeconds: number;
  readonly #arrive: Arrival;
  readonly #settled: SimNode[] = [];
  readonly #places = new Map<NodeId, number>();
  #newcomers: SimNode[] = [];
  /** The settled peers' ids. */
  readonly truth = new Truth([]);
  /** Peers that left since the start. */
  left = 0;
  /** From appearance to the end of the first self-lookup, of the newcomers that settled. [ms] */
  readonly joinMs = new Samples();
  #isOver = false;

  /** Everybody who is there counts as settled. */
  constructor(world: World, meanSeconds: number, arrive: Arrival = () => world.spawn()) {
    this.#world = world;
    this.#meanSeconds = meanSeconds;
    this.#arrive = arrive;
    for (const node of world.alive) {
      if (node.joinedAt !== undefined) this.#settle(node);
      this.#endLater(node);
    }
    this.#look();
  }

  get settled(): readonly SimNode[] {
    return this.#settled;
  }

  /** Living newcomers that did not join although they had a minute. */
  get stranded(): number {
    const { now } = this.#world;
    return this.#newcomers.filter(
      ({ isAlive, joinedAt, bornAt }) => isAlive && joinedAt === undefined && now - bornAt > STRANDED_MS,
    ).length;
  }

  /** From now on nobody comes and nobody goes. */
  stop(): void {
    this.#isOver = true;
  }

  #endLater(node: SimNode): void {
    const { rng, now } = this.#world;
    this.#world.at(now + 1000 * sessionSeconds(rng, this.#meanSeconds), () => this.#end(node));
  }

  #end(node: SimNode): void {
    if (!node.isAlive || this.#isOver) return;
    this.left++;
    this.#unsettle(node);
    if (randomUnit(this.#world.rng) < UNGRACEFUL) this.#world.kill(node);
    else this.#world.leave(node);
    const newcomer = this.#arrive();
    this.#newcomers.push(newcomer);
    this.#endLater(newcomer);
  }

  #look(): void {
    if (this.#isOver) return;
    const { now } = this.#world;
    const waiting: SimNode[] = [];
    for (const node of this.#newcomers) {
      if (!node.isAlive) continue;
      if (!hasSettled(node, now)) waiting.push(node);
      else {
        this.#settle(node);
        this.joinMs.add((node.joinedAt ?? now) - node.bornAt);
      }
    }
    this.#newcomers = waiting;
    this.#world.at(now + LOOK_MS, () => this.#look());
  }

  #settle(node: SimNode): void {
    this.#places.set(node.contact.id, this.#settled.length);
    this.#settled.push(node);
    this.truth.add(node.contact.id);
  }

  #unsettle({ contact }: SimNode): void {
    const at = this.#places.get(contact.id);
    if (at === undefined) return;
    this.#places.delete(contact.id);
    this.truth.remove(contact.id);
    const last = this.#settled.pop() as SimNode;
    if (last.contact.id === contact.id) return;
    this.#settled[at] = last;
    this.#places.set(last.contact.id, at);
  }
}

function hasSettled({ joinedAt }: SimNode, now: Millis): boolean {
  return joinedAt !== undefined && now - joinedAt > SETTLED_MS;
}

function sessionSeconds(rng: Rng, meanSeconds: number): number {
  return (meanSeconds / WEIBULL_MEAN) * (-Math.log(1 - randomUnit(rng))) ** (1 / WEIBULL_SHAPE);
}
