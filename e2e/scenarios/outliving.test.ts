import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseNodeId, type NodeId } from '../../shared/src/ids.ts';
import { compareDistance } from '../../shared/src/xor.ts';
import { callState, placeCall, seesAndHears } from '../harness/calls.ts';
import { type Tab, says } from '../harness/tab.ts';
import { World } from '../harness/world.ts';

const TABS = 10;
const MB = 1_000_000;

/** How long ten tabs may take to find a server that is back. [ms] They back off, so not all at once. */
const BACK_WITHIN_MS = 45_000;

/** Runs in the page: the code for calls was fetched. */
function hasCalls(): boolean {
  return performance.getEntriesByType('resource').some(({ name }) => name.includes('/assets/call-service-'));
}

describe('ten tabs whose server is killed', () => {
  let world: World;
  let tabs: Tab[];
  let ids: NodeId[];

  beforeAll(async () => {
    world = await World.open();
    tabs = await world.openJoinedTabs(TABS, 3);
    ids = await Promise.all(tabs.map(async (tab) => parseNodeId(await tab.id()) as NodeId));
    await Promise.all(tabs.map((tab) => tab.whole()));
    await Promise.all(tabs.map((tab) => tab.until('the code for calls to be here', hasCalls, undefined)));
    await world.server.kill();
    await Promise.all(
      tabs.map((tab) =>
        tab.until('the server to be lost', () => window.skein.status.server !== 'connected', undefined),
      ),
    );
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await world.dump(task.name);
  });

  afterAll(async () => {
    await world.close();
  });

  test('the page says that the server is gone and the network is not', async () => {
    await tabs[0]!.page.getByText('The server is gone, the network is not').waitFor();
    await says(tabs[0]!.page, 'status', /server is gone.*still connected to \d+ peers/i);
    await tabs[0]!.page.locator('[data-testid="server-state"]:not([data-state="connected"])').waitFor();
    expect(await tabs[0]!.page.evaluate(() => window.skein.status.joined)).toBe(true);
  });

  test('lookups from every tab still find the truly closest peers', async () => {
    const key = 'a7'.repeat(20) as NodeId;
    for (const [index, tab] of tabs.entries()) {
      const { closest } = await tab.page.evaluate((wanted) => window.skein.lookup(wanted), key);
      const others = ids.filter((id) => id !== ids[index]).sort((a, b) => compareDistance(key, a, b));
      expect(closest.filter((id) => id !== ids[index]).slice(0, 3)).toEqual(others.slice(0, 3));
    }
  });

  test('two tabs without a link open one, by signals through the others', async () => {
    const pair = await unlinkedPair();
    await pair.from.page.evaluate((id) => window.skein.connect(id), pair.id);
    await pair.from.linkedTo(pair.id);
    await pair.to.linkedTo(await pair.from.id());
  });

  /** Two tabs that have no link to each other: a pair that never linked, else one whose link is cut. */
  async function unlinkedPair(): Promise<{ from: Tab; to: Tab; id: string }> {
    for (const [index, from] of tabs.entries()) {
      const linked = await from.linkedIds();
      const missing = ids.findIndex((id, other) => other !== index && !linked.includes(id));
      if (missing >= 0) return { from, to: tabs[missing]!, id: ids[missing]! };
    }
    // Ten tabs are fewer than a table wants links: they may all be linked to each other.
    return cutLink();
  }

  /** Closes every connection between the first and the last tab; both ends see it as a link that broke. */
  async function cutLink(): Promise<{ from: Tab; to: Tab; id: string }> {
    const [from, to] = [tabs[0]!, tabs[TABS - 1]!];
    const id = ids[TABS - 1]!;
    await from.page.evaluate(closeConnectionsTo, await fingerprints(to));
    await from.until('the link to be gone', (peer) => !window.skein.links().some((link) => link.id === peer), id);
    return { from, to, id };
  }

  /** The DTLS fingerprints of a tab's own ends. */
  function fingerprints(tab: Tab): Promise<string[]> {
    return tab.page.evaluate(() =>
      window.connections.flatMap((each) => each.localDescription?.sdp.match(/a=fingerprint:\S+ \S+/g) ?? []),
    );
  }

  /** Runs in the page. */
  function closeConnectionsTo(theirs: string[]): void {
    for (const each of window.connections) {
      const remote = each.remoteDescription?.sdp.match(/a=fingerprint:\S+ \S+/g) ?? [];
      if (remote.some((line) => theirs.includes(line))) each.close();
    }
  }

  test('what is shared after the death is found and downloaded by another tab', async () => {
    const file = await world.files.make('after the death.bin', 3 * MB);
    const infoHash = await tabs[3]!.share([file.path]);
    await tabs[6]!.openLink(await tabs[3]!.shareLink(infoHash));
    await tabs[6]!.downloaded(infoHash);
    expect((await tabs[6]!.save(infoHash)).sha256).toBe(file.sha256);
  });

  test('a call is placed and answered, with picture and sound both ways', async () => {
    const [caller, callee] = [tabs[1]!, tabs[8]!];
    await caller.page.evaluate((id) => window.skein.connect(id), ids[8]!);
    await placeCall(caller, ids[8]!, 'video');
    await callee.locate('answer-video').click();
    await Promise.all([callState(caller, 'established'), callState(callee, 'established')]);
    await Promise.all([seesAndHears(caller), seesAndHears(callee)]);
    await caller.locate('hang-up').click();
    await Promise.all([callState(caller, 'ended'), callState(callee, 'ended')]);
  });

  test('a record put after the death is read by another tab', async () => {
    await tabs[2]!.page.evaluate(() => window.skein.put('after the death', new TextEncoder().encode('still here')));
    const read = await tabs[7]!.page.evaluate(async () => {
      const bytes = await window.skein.get('after the death');
      return bytes && new TextDecoder().decode(bytes);
    });
    expect(read).toBe('still here');
  });

  test('all tabs are back with the server by themselves when it is, and a newcomer finds them', async () => {
    await world.server.restart();
    await Promise.all(tabs.map((tab) => tab.serverState('connected', BACK_WITHIN_MS)));
    const newcomer = await world.openTab();
    await newcomer.joined(3);
    const found = await newcomer.page.evaluate((key) => window.skein.lookup(key), ids[4]!);
    expect(found.closest[0]).toBe(ids[4]);
    for (const tab of tabs) expect(tab.uncaught).toEqual([]);
  });
});
