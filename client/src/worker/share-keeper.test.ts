import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { buildMetainfo, planContent } from '../swarm/build-metainfo.ts';
import type { InfoHash, Metainfo } from '../swarm/types.ts';
import { hashContent } from './hash-files.ts';
import { type ReturnedShare, ShareKeeper, type ShareRecords } from './share-keeper.ts';
import type { KeptShare } from './storage/kept-shares.ts';

const FILE = new File(['what is shared'], 'mine.txt', { lastModified: 1 });
const SHARED = [{ path: 'mine.txt', file: FILE }];
const LIMITS = { down: undefined, up: 1000 };

/** Names of the locks that are held, and who has each next. */
let held: Set<string>;
let turns: Map<string, Promise<void>>;

beforeEach(() => {
  held = new Set();
  turns = new Map();
  vi.stubGlobal('navigator', {
    locks: {
      request: (name: string, { signal }: { readonly signal: AbortSignal }, callback: () => Promise<void>) => {
        const turn = (turns.get(name) ?? Promise.resolve()).then(async () => {
          if (signal.aborted) return;
          held.add(name);
          await callback();
          held.delete(name);
        });
        turns.set(name, turn);
        return turn;
      },
    },
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

/** The database of a browser, which takes its time. Several pages may be on it, one after the other. */
class SlowRecords implements ShareRecords {
  readonly kept = new Map<InfoHash, KeptShare>();

  async all(): Promise<KeptShare[]> {
    await tick();
    return [...this.kept.values()];
  }

  async read(infoHash: InfoHash): Promise<KeptShare | undefined> {
    await tick();
    return this.kept.get(infoHash);
  }

  async write(share: KeptShare): Promise<void> {
    await tick();
    this.kept.set(share.infoHash, share);
  }

  async remove(infoHash: InfoHash): Promise<void> {
    await tick();
    this.kept.delete(infoHash);
  }
}

function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function metainfoOf(file: File): Promise<Metainfo> {
  const plan = planContent(file.name, [{ path: [file.name], length: file.size }], 16_384);
  return buildMetainfo({ ...plan, ...(await hashContent(plan, [file])), trackers: [] });
}

/** A page, and the shares that came back on it. */
function openPage(records: ShareRecords): { readonly keeper: ShareKeeper; readonly returned: ReturnedShare[] } {
  const returned: ReturnedShare[] = [];
  const keeper = new ShareKeeper(records, async (share) => {
    returned.push(share);
  });
  return { keeper, returned };
}

/** A page of a browser that lost the way back to a file that an earlier page shared with these limits. */
async function openAfterReload(): Promise<ReturnType<typeof openPage> & { readonly infoHash: InfoHash }> {
  const records = new SlowRecords();
  const metainfo = await metainfoOf(FILE);
  const before = openPage(records).keeper;
  await before.keep(metainfo, SHARED, { limits: LIMITS });
  before.close();
  const page = openPage(records);
  await page.keeper.open();
  await vi.waitUntil(() => page.returned.length > 0);
  return { ...page, infoHash: metainfo.infoHash };
}

test('what is set at once after sharing is recorded, while the share itself is still being recorded', async () => {
  const records = new SlowRecords();
  const metainfo = await metainfoOf(FILE);
  const { keeper } = openPage(records);
  const keeping = keeper.keep(metainfo, SHARED, { isSuperSeeding: true });
  await Promise.all([keeping, keeper.change(metainfo.infoHash, { limits: LIMITS })]);
  expect(records.kept.get(metainfo.infoHash)?.settings).toEqual({ isSuperSeeding: true, limits: LIMITS });
});

test('a share that is stopped while it is being recorded does not come back', async () => {
  const records = new SlowRecords();
  const metainfo = await metainfoOf(FILE);
  const { keeper } = openPage(records);
  const changing = [keeper.keep(metainfo, SHARED, {}), keeper.change(metainfo.infoHash, { limits: LIMITS })];
  await Promise.all([...changing, keeper.forget(metainfo.infoHash)]);
  expect(records.kept.size).toBe(0);
  await vi.waitUntil(() => held.size === 0);
});

test('a share comes back with what was set, and so do the changes that are made while it waits for its files', async () => {
  const { keeper, returned, infoHash } = await openAfterReload();
  expect(returned).toMatchObject([{ wait: 'files', settings: { limits: LIMITS } }]);
  expect(keeper.isWaiting(infoHash)).toBe(true);
  void keeper.change(infoHash, { isSuperSeeding: true });
  await keeper.retry(infoHash);
  expect(returned[1]?.settings).toEqual({ limits: LIMITS, isSuperSeeding: true });
});

test('files that are given again find what was set, and the share is over with them', async () => {
  const { keeper, infoHash } = await openAfterReload();
  expect(await keeper.settings(infoHash)).toEqual({ limits: LIMITS });
  await keeper.keep(await metainfoOf(FILE), SHARED, { limits: LIMITS });
  expect(keeper.isWaiting(infoHash)).toBe(false);
  await keeper.forget(infoHash);
  expect(await keeper.settings(infoHash)).toEqual({});
  await vi.waitUntil(() => held.size === 0);
});

test('files that are given again before the page has looked are claimed once', async () => {
  const records = new SlowRecords();
  const metainfo = await metainfoOf(FILE);
  const before = openPage(records).keeper;
  await before.keep(metainfo, SHARED, {});
  before.close();
  const { keeper, returned } = openPage(records);
  await Promise.all([keeper.open(), keeper.keep(metainfo, SHARED, {})]);
  await keeper.forget(metainfo.infoHash);
  expect(returned).toEqual([]);
  await vi.waitUntil(() => held.size === 0);
});

/** Two tabs that share the same file, each with a limit of its own. */
async function openTwoTabs(): Promise<{
  readonly infoHash: InfoHash;
  readonly first: ShareKeeper;
  readonly second: ShareKeeper;
  readonly limit: () => number | undefined;
}> {
  const records = new SlowRecords();
  const metainfo = await metainfoOf(FILE);
  const { infoHash } = metainfo;
  const limit = (): number | undefined => records.kept.get(infoHash)?.settings.limits?.up;
  const [first, second] = [openPage(records).keeper, openPage(records).keeper];
  await first.keep(metainfo, SHARED, { limits: { down: undefined, up: 1 } });
  await vi.waitUntil(() => limit() === 1);
  await second.keep(metainfo, SHARED, { limits: { down: undefined, up: 2 } });
  return { infoHash, first, second, limit };
}

test('of two tabs that share the same the first has the record, whatever the second sets', async () => {
  const { infoHash, first, second, limit } = await openTwoTabs();
  await second.change(infoHash, { limits: { down: undefined, up: 3 } });
  expect([limit(), (await second.settings(infoHash)).limits?.up]).toEqual([1, 3]);
  await first.change(infoHash, { limits: { down: undefined, up: 4 } });
  expect(limit()).toBe(4);
});

test.each<readonly [string, (first: ShareKeeper, infoHash: InfoHash) => void]>([
  ['stops sharing it', (first, infoHash) => void first.forget(infoHash)],
  ['goes away', (first) => first.close()],
])('when the tab that has the record %s the other one has it, with what was set there', async (_what, leave) => {
  const { infoHash, first, second, limit } = await openTwoTabs();
  await second.change(infoHash, { limits: { down: undefined, up: 3 } });
  leave(first, infoHash);
  await vi.waitUntil(() => limit() === 3);
});

test('a tab that stops sharing what another tab has the record of leaves that alone', async () => {
  const { infoHash, second, limit } = await openTwoTabs();
  await second.forget(infoHash);
  expect(limit()).toBe(1);
});
