import { setMaxListeners } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { ID_BYTES, type NodeId, nodeIdFromBytes } from '../../shared/src/ids.ts';
import { type Rng, randomBelow, randomBytes, randomUnit } from '../../shared/src/machine.ts';
import { Background } from './background.ts';
import type { Member } from './crowd.ts';
import { type Answer, type Request, perform } from './door.ts';
import type { Instant, LostPut, Operation, PutEntry } from './journal.ts';

/** Life of the records. [ms] Longer than the time in which half of the tabs are replaced: most outlive their authors. */
const TTL_MS = 90_000;

/** Values are as long as this, so that a record is not an exceptionally small one. [characters] */
const VALUE_LENGTH = 300;

/** Keys that each tab writes. [keys] */
const KEYS_PER_TAB = 2;

/** Keys under which tabs announce themselves. [keys] */
const SERVICES = 4;

/** Mean pause of a tab between two operations. [ms] */
const MEAN_PAUSE_MS = 1_000;

/** What share each kind of operation has. They sum up to 1. */
const SHARES: readonly (readonly [Request['kind'], number])[] = [
  ['lookup', 0.45],
  ['get', 0.3],
  ['put', 0.15],
  ['findProviders', 0.07],
  ['publish', 0.03],
];

/** Has tabs work through their public doors, and writes down what came of it. */
export class Workload {
  readonly operations: Operation[] = [];
  readonly lostPuts: LostPut[] = [];
  /** Operations whose tab was ended before they were: nobody's fault. */
  cutShort = 0;
  readonly #rng: Rng;
  /** Newest acknowledged version by key. BOUNDED: by the tabs that a run opens. */
  readonly #written = new Map<string, PutEntry>();
  readonly #loops = new Background();
  readonly #isOver = new AbortController();

  constructor(rng: Rng) {
    this.#rng = rng;
    // One pause per tab listens at a time.
    setMaxListeners(0, this.#isOver.signal);
  }

  /** Starts the operations of a tab; they end with it or with `stop`. */
  start(member: Member): void {
    this.#loops.add(this.#work(member));
  }

  /** Lets operations under way end. */
  async stop(): Promise<void> {
    this.#isOver.abort();
    await this.#loops.settle();
  }

  async #work(member: Member): Promise<void> {
    const versions = new Map<string, number>();
    while (!this.#isOver.signal.aborted && !member.isEnding) {
      await this.#once(member, this.#choose(member, versions));
      await this.#pause();
    }
  }

  /** Resolves after a random pause of the right mean, or when all is over. */
  async #pause(): Promise<void> {
    const ms = 2 * MEAN_PAUSE_MS * randomUnit(this.#rng);
    await setTimeout(ms, undefined, { signal: this.#isOver.signal }).catch(() => undefined);
  }

  #choose(member: Member, versions: Map<string, number>): Request {
    switch (this.#kind()) {
      case 'lookup':
        return { kind: 'lookup', key: nodeIdFromBytes(randomBytes(this.#rng, ID_BYTES)) };
      case 'get':
        return this.#chooseGet() ?? this.#choosePut(member, versions);
      case 'put':
        return this.#choosePut(member, versions);
      case 'publish':
        return { kind: 'publish', key: this.#service() };
      case 'findProviders':
        return { kind: 'findProviders', key: this.#service() };
    }
  }

  #kind(): Request['kind'] {
    let rest = randomUnit(this.#rng);
    return SHARES.find(([, share]) => (rest -= share) < 0)?.[0] ?? 'lookup';
  }

  #service(): string {
    return `a service ${randomBelow(this.#rng, SERVICES)}`;
  }

  #choosePut({ serial }: Member, versions: Map<string, number>): Request {
    const key = `record ${serial}.${randomBelow(this.#rng, KEYS_PER_TAB)}`;
    const version = (versions.get(key) ?? 0) + 1;
    versions.set(key, version);
    return { kind: 'put', key, text: `${version} `.padEnd(VALUE_LENGTH, key), ttlMs: TTL_MS };
  }

  /** A record whose newest version lives, whoever wrote it. */
  #chooseGet(): Request | undefined {
    const now = performance.now();
    for (const [key, put] of this.#written) if (now > put.to + put.ttlMs) this.#written.delete(key);
    const keys = [...this.#written.keys()];
    const key = keys[randomBelow(this.#rng, Math.max(1, keys.length))];
    return key === undefined ? undefined : { kind: 'get', key };
  }

  async #once(member: Member, request: Request): Promise<void> {
    const from = performance.now();
    const answer = await this.#ask(member, request, from);
    if (answer) this.#note(request, answer, { asker: member.id, from, to: performance.now() });
    else this.cutShort++;
    if (!answer && request.kind === 'put') this.lostPuts.push({ ...request, version: versionIn(request.text), from });
  }

  /** Undefined when the tab was ended before the answer: one that is closed breaks off in its last moment, one that is killed says nothing. */
  async #ask(member: Member, request: Request, from: Instant): Promise<Answer | undefined> {
    try {
      const answer = await member.tab.page.evaluate(perform, request);
      return answer.error !== undefined && member.isEnding ? undefined : answer;
    } catch (error) {
      if (member.isEnding) return undefined;
      const [reason = ''] = String(error).split('\n');
      return { ms: performance.now() - from, error: `the page broke: ${reason}` };
    }
  }

  #note(request: Request, answer: Answer, { asker, from, to }: Pick<Operation, 'asker' | 'from' | 'to'>): void {
    const { ms, error, ids = [], hops = 0, text } = answer;
    const entry = { asker, from, to, ms, ...(error !== undefined && { error }) };
    switch (request.kind) {
      case 'lookup':
        this.operations.push({
          ...entry,
          kind: 'lookup',
          key: request.key as NodeId,
          closest: ids as NodeId[],
          hops,
        });
        break;
      case 'put': {
        const version = versionIn(request.text);
        const put: PutEntry = { ...entry, kind: 'put', key: request.key, version, ttlMs: request.ttlMs };
        this.operations.push(put);
        if (error === undefined) this.#written.set(request.key, put);
        break;
      }
      case 'get':
        this.operations.push({
          ...entry,
          kind: 'get',
          key: request.key,
          version: text === undefined ? undefined : versionIn(text),
        });
        break;
      case 'publish':
        this.operations.push({ ...entry, kind: 'publish', key: request.key });
        break;
      case 'findProviders':
        this.operations.push({ ...entry, kind: 'findProviders', key: request.key, found: ids as NodeId[] });
        break;
    }
  }
}

/** The version that a value begins with; NaN in one that nobody here wrote. */
function versionIn(text: string): number {
  return Number.parseInt(text, 10);
}
