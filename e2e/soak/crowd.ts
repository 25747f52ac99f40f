import { setTimeout } from 'node:timers/promises';
import { parseNodeId, type NodeId } from '../../shared/src/ids.ts';
import { PRUNE_MIN_AGE_MS } from '../../shared/src/limits/overlay-links.ts';
import { type Rng, randomBelow } from '../../shared/src/machine.ts';
import type { Tab } from '../harness/tab.ts';
import type { World } from '../harness/world.ts';
import { Census } from './census.ts';
import type { Instant, Operation } from './journal.ts';

/** How a tab ends without a word to anyone before: closed by the browser, or its process dies. */
export type Ending = 'close' | 'crash';

/** Links with which a tab counts as joined, when there are as many others. [links] As in `npm run bench`. */
const JOINED_LINKS = 3;

/** How long a tab may take to join on a busy machine before that counts as failed. [ms] */
const JOIN_TIMEOUT_MS = 30_000;

/** Tables are at rest when their links have not changed in number for this long. [ms] */
const REST_MS = 5_000;

/** How often they are looked at meanwhile. [ms] */
const LOOK_MS = 500;

/** One tab of the crowd. */
export interface Member {
  readonly tab: Tab;
  readonly id: NodeId;
  /** Opened as which one, from 0. */
  readonly serial: number;
  /** Set just before the tab is ended. */
  isEnding: boolean;
}

/** The tabs of a run: opens them, ends them, and keeps the books on who lived when. */
export class Crowd {
  readonly census = new Census();
  readonly #world: World;
  readonly #query: Readonly<Record<string, string>>;
  readonly #joins: (operation: Operation) => void;
  /** BOUNDED: by the tabs open at once. */
  readonly #members: Member[] = [];
  #opened = 0;
  /** When the newest tab was there. */
  #openedAt: Instant = performance.now();

  /** `links`: what each tab aims for; undefined is the product's default. `joins` hears of each tab's way in. */
  constructor(world: World, links: number | undefined, joins: (operation: Operation) => void) {
    this.#world = world;
    this.#query = links === undefined ? {} : { links: String(links) };
    this.#joins = joins;
  }

  /** Those who have joined and were not ended, oldest first. */
  get members(): readonly Member[] {
    return this.#members;
  }

  /** Opens tabs one after the other, because a join costs a busy machine about a second. */
  async gather(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.open();
  }

  /**
   * Opens a tab in a profile of its own, in one browser after the other, and waits until it has joined. Undefined when it
   * did not; the journal knows.
   */
  async open(): Promise<Member | undefined> {
    const serial = this.#opened++;
    // Not `newProfile`: what watches a page for other tests keeps its connections from being collected.
    const { browsers, browser } = this.#world;
    const context = await (browsers[serial % browsers.length] ?? browser).newContext();
    const from = performance.now();
    const tab = await this.#world.openTab({ context, query: this.#query, waitForStart: false });
    const id = await this.#started(tab);
    const error = id === undefined ? 'not started' : await this.#joined(tab);
    const to = performance.now();
    this.#joins({ kind: 'join', asker: id, from, to, ms: to - from, ...(error !== undefined && { error }) });
    if (id === undefined || error !== undefined) {
      await context.close();
      return undefined;
    }
    this.census.joined(id, to);
    this.#openedAt = to;
    const member = { tab, id, serial, isEnding: false };
    this.#members.push(member);
    return member;
  }

  /** The id of a tab's node once it is there; undefined when it does not come. */
  async #started(tab: Tab): Promise<NodeId | undefined> {
    try {
      await tab.started();
      const id = parseNodeId(await tab.id());
      if (id !== undefined) this.census.opened(id);
      return id;
    } catch {
      return undefined;
    }
  }

  /** Waits until `tab` has its first links; the first tab of all has nobody to join. Undefined: it has. */
  async #joined(tab: Tab): Promise<'timeout' | undefined> {
    const links = Math.min(JOINED_LINKS, this.#members.length);
    if (links === 0) return undefined;
    return tab.joined(links, JOIN_TIMEOUT_MS).then(
      () => undefined,
      () => 'timeout' as const,
    );
  }

  /** Ends a tab. The others are not told, beyond what the page itself says in its last moment when it is closed. */
  async end(member: Member, ending: Ending): Promise<void> {
    member.isEnding = true;
    this.#members.splice(this.#members.indexOf(member), 1);
    this.census.ending(member.id, performance.now());
    if (ending === 'crash') await member.tab.crash();
    else await member.tab.close();
    this.census.gone(member.id, performance.now());
    await member.tab.context.close();
  }

  /** One of those who may be ended: not the oldest, which is watched through the whole run. */
  victim(rng: Rng): Member | undefined {
    const others = this.#members.slice(1);
    return others[randomBelow(rng, Math.max(1, others.length))];
  }

  /** Ends every tab that is left. */
  async endAll(): Promise<void> {
    for (const member of [...this.#members]) await this.end(member, 'close');
  }

  /** Waits until every tab is linked to every other. */
  async untilFullyLinked(timeoutMs: number): Promise<void> {
    const others = this.#members.length - 1;
    await Promise.all(
      this.#members.map(({ tab }) =>
        tab.until(`${others} links`, (wanted) => window.skein.status.links === wanted, others, { timeoutMs }),
      ),
    );
  }

  /**
   * Waits until tables have settled under a budget that is smaller than the crowd: no link is so young that it may not
   * be given up yet, and none has been opened or given up for a while.
   */
  async untilAtRest(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    let links = await this.#linkCount();
    let since = performance.now();
    while (performance.now() - this.#openedAt < PRUNE_MIN_AGE_MS || performance.now() - since < REST_MS) {
      if (performance.now() > deadline) throw new Error(`links did not settle within ${timeoutMs} ms`);
      await setTimeout(LOOK_MS);
      const count = await this.#linkCount();
      if (count !== links) since = performance.now();
      links = count;
    }
  }

  async #linkCount(): Promise<number> {
    return (await this.links()).reduce((sum, each) => sum + each, 0);
  }

  /** Links of every tab; one that is ended while it is asked is left out. */
  async links(): Promise<number[]> {
    const asked = await Promise.allSettled(
      this.#members.map(({ tab }) => tab.page.evaluate(() => window.skein.status.links)),
    );
    return asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  }
}
