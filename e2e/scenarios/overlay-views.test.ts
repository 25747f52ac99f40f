import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseNodeId, type NodeId } from '../../shared/src/ids.ts';
import { compareDistance } from '../../shared/src/xor.ts';
import { violations } from '../harness/axe.ts';
import { scenario } from '../harness/scenario.ts';
import type { Tab } from '../harness/tab.ts';
import { World } from '../harness/world.ts';

const TABS = 5;

/** A key that has nothing to do with anyone's id. */
const KEY = `6${'5a'.repeat(19)}6` as NodeId;

/** A narrow phone. [CSS pixels] */
const PHONE = { width: 390, height: 844 };

describe('the overlay as the page shows it, among five tabs', () => {
  let world: World;
  let tab: Tab;
  let ids: NodeId[];

  beforeAll(async () => {
    world = await World.open();
    const tabs = await world.openJoinedTabs(TABS, TABS - 1);
    tab = tabs[0]!;
    ids = await Promise.all(tabs.map(async (each) => parseNodeId(await each.id()) as NodeId));
    await tab.locate('contacts-fold').locator('summary').click();
    await tab.until(
      'every other tab in the table',
      (count) => document.querySelectorAll('[data-testid="contact-row"]').length === count,
      TABS - 1,
    );
  });

  afterAll(async () => {
    await world.close();
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await world.dump(task.name);
  });

  /** Types a text into the look-up box, looks it up and waits for the result of exactly that key. */
  async function lookUp(text: string, mode: 'recursive' | 'iterative', key = text): Promise<void> {
    await tab.locate(`lookup-${mode}`).check();
    await tab.locate('lookup-input').fill(text);
    await tab.locate('lookup-start').click();
    await tab.page.locator(`[data-testid="lookup-found"][data-key="${key}"]`).waitFor();
  }

  const peerIds = (testId: string): Promise<string[]> =>
    tab.locate(testId).evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset['peerId'] ?? ''));

  for (const mode of ['recursive', 'iterative'] as const) {
    test(`the ${mode} lookup shows the truly closest peers, the path to one of them, hops and time`, async () => {
      await lookUp(KEY, mode);
      expect(await peerIds('closest-row')).toEqual(ids.toSorted((a, b) => compareDistance(KEY, a, b)));
      const figures = await tab.locate('lookup-figures').textContent();
      const path = tab.locate('lookup-path').locator('li');
      expect(figures).toMatch(/^\d+ hops? · \d+ ms$/);
      expect(await path.count()).toBe(1 + Number.parseInt(figures!, 10));
      expect(await path.first().textContent()).toBe('You');
      expect(ids).toContain(await path.last().getAttribute('data-peer-id'));
      await tab.locate('lookup-close').click();
      await tab.locate('lookup-found').waitFor({ state: 'detached' });
    });
  }

  test('the way of a lookup travels over the ring, the key has its sign, the nearest are circled; closing ends it', async () => {
    await lookUp(KEY, 'recursive');
    const drawn = tab.page.locator('[data-testid="ring-lookup"][data-state="done"]');
    await drawn.locator('.hop').first().waitFor({ state: 'attached' });
    expect(await drawn.locator('.key-sign').count()).toBe(1);
    expect(await drawn.locator('.halo').count()).toBe(3);
    const travel = await drawn
      .locator('.hop')
      .first()
      .evaluate((hop) => getComputedStyle(hop).animationName);
    expect(travel).toBe('travel');
    await tab.locate('lookup-close').click();
    await tab.locate('ring-lookup').waitFor({ state: 'detached' });
  });

  test('a text is hashed to the same key as the library hashes it to', async () => {
    const key = await tab.page.evaluate(async () => (await window.skein.lookup('a greeting')).key);
    expect(key).toMatch(/^[0-9a-f]{40}$/);
    await lookUp('a greeting', 'recursive', key);
    await tab.locate('lookup-close').click();
  });

  test('a read of the node is drawn while it runs, and then the ring is still again', async () => {
    await tab.page.evaluate(() => {
      window.skein.get('nobody keeps this').catch(() => undefined);
    });
    await tab.locate('ring-lookup').first().waitFor({ state: 'attached' });
    await tab.locate('ring-lookup').first().waitFor({ state: 'detached' });
    await tab.until(
      'nothing to move in the ring',
      () =>
        document.getAnimations().every((animation) => {
          const target = animation.effect instanceof KeyframeEffect ? animation.effect.target : null;
          return target?.closest('[data-testid="ring"]') === null || animation.playState === 'finished';
        }),
      undefined,
    );
  });

  test('the table of contacts sorts by round-trip time, in both directions', async () => {
    const times = (): Promise<number[]> =>
      tab.page.evaluate(() =>
        [...document.querySelectorAll('[data-testid="contact-row"] .number')].map((cell) =>
          Number.parseInt(cell.textContent ?? '', 10),
        ),
      );
    const header = tab.page.locator('th', { has: tab.locate('sort-rtt') });
    await tab.locate('sort-rtt').click();
    expect(await header.getAttribute('aria-sort')).toBe('ascending');
    const upwards = await times();
    expect(upwards).toHaveLength(TABS - 1);
    expect(upwards).toEqual(upwards.toSorted((a, b) => a - b));
    await tab.locate('sort-rtt').click();
    expect(await header.getAttribute('aria-sort')).toBe('descending');
    const downwards = await times();
    expect(downwards).toEqual(downwards.toSorted((a, b) => b - a));
  });

  test('the bucket view counts what the routing table counts', async () => {
    await tab.until(
      'the rows to equal the snapshot',
      () => {
        const rows = [...document.querySelectorAll<HTMLElement>('[data-testid="bucket-row"]')].map(({ dataset }) =>
          ['bucket', 'linked', 'known', 'replacements'].map((field) => Number(dataset[field])),
        );
        const buckets = window.skein
          .buckets()
          .map(({ index, linked, known, replacements }) => [index, linked, known, replacements]);
        return rows.length > 0 && JSON.stringify(rows) === JSON.stringify(buckets);
      },
      undefined,
    );
    expect((await peerIds('slot')).toSorted()).toEqual(ids.slice(1).toSorted());
    const slots = await tab.locate('bucket-row').first().locator('.slots').first().locator('.slot').count();
    expect(slots).toBe(20);
  });

  test('a peer that is picked in one view is marked in all of them', async () => {
    const marked = (id: string, testId: string): Promise<number> =>
      tab.page.locator(`[data-testid="${testId}"] .chosen[data-peer-id="${id}"]`).count();
    const id = ids[3]!;
    await tab.page.locator(`[data-testid="contact-row"][data-peer-id="${id}"]`).click();
    for (const view of ['ring', 'bucket-view', 'contact-table']) expect(await marked(id, view)).toBe(1);
    expect(await tab.page.locator('.ring-caption').textContent()).toContain(id.slice(0, 8));
    const other = ids[2]!;
    await tab.page.locator(`[data-testid="slot"][data-peer-id="${other}"]`).click();
    for (const view of ['ring', 'bucket-view', 'contact-table']) expect(await marked(other, view)).toBe(1);
    expect(await tab.page.locator(`[data-testid="contact-table"] .chosen`).count()).toBe(1);
    await tab.page.locator(`[data-testid="ring"] [data-peer-id="${other}"]`).click();
    await tab.locate('lookup-input').hover();
    expect(await tab.page.locator(`[data-testid="contact-table"] .chosen`).count()).toBe(0);
  });

  test('what comes of a lookup is said where a screen reader already looks', async () => {
    const status = await tab.locate('lookup-status').elementHandle();
    expect(await status!.getAttribute('role')).toBe('status');
    expect(await status!.textContent()).toBe('');
    await lookUp(KEY, 'recursive');
    expect(await status!.evaluate((place) => place.isConnected)).toBe(true);
    expect(await status!.textContent()).toMatch(/^\d+ hops? · \d+ ms to 65a5/);
    expect(await tab.page.locator('[data-testid="lookup-found"] [role="status"]').count()).toBe(0);
    await tab.locate('lookup-close').click();
  });

  test('the arrow keys tell a screen reader which peer of the ring they came to', async () => {
    const { keyboard } = tab.page;
    const ring = tab.locate('ring');
    const active = async (): Promise<{ peer: string | null; label: string | null }> => {
      const dot = tab.page.locator(`[role="option"][id="${await ring.getAttribute('aria-activedescendant')}"]`);
      const peer = await ring.locator('[data-peer-id]', { has: dot }).getAttribute('data-peer-id');
      return { peer, label: await dot.getAttribute('aria-label') };
    };
    await ring.focus();
    const seen = new Map<string | null, string | null>();
    for (let i = 0; i < TABS; i++) {
      await keyboard.press('ArrowRight');
      const { peer, label } = await active();
      seen.set(peer, label);
    }
    expect(new Set(seen.keys())).toEqual(new Set(ids));
    expect([...seen.values()].filter((label) => label?.endsWith(', you'))).toHaveLength(1);
    expect([...seen.values()].filter((label) => label?.endsWith(', linked'))).toHaveLength(TABS - 1);
    await keyboard.press('Enter');
    const picked = await ring.getAttribute('aria-activedescendant');
    expect(await ring.locator('[aria-selected="true"]').getAttribute('id')).toBe(picked);
    await keyboard.press('Escape');
    expect(await ring.getAttribute('aria-activedescendant')).toBeNull();
  });

  for (const [name, width] of [
    ['wide page', 1280],
    ['phone', PHONE.width],
  ] as const) {
    test(`on a ${name} pointing at a peer moves nothing`, async () => {
      const usual = tab.page.viewportSize()!;
      await tab.page.setViewportSize({ width, height: PHONE.height });
      const slot = tab.page.locator(`[data-testid="slot"][data-peer-id="${ids[1]!}"]`);
      await tab.locate('lookup-input').hover();
      const place = (): Promise<number[]> =>
        slot.evaluate((cell) => {
          const { left, top } = cell.getBoundingClientRect();
          return [left + scrollX, top + scrollY];
        });
      const before = await place();
      await slot.hover();
      expect(await tab.page.locator('.ring-caption').textContent()).toContain(ids[1]!.slice(0, 8));
      expect(await place()).toEqual(before);
      await tab.page.setViewportSize(usual);
    });
  }

  test('everything is done with the keyboard alone', async () => {
    const { keyboard } = tab.page;
    const focused = (): Promise<string> =>
      tab.page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset['testid'] ?? '');
    await tab.locate('lookup-input').fill('');
    await keyboard.type(KEY);
    await keyboard.press('Enter');
    await tab.locate('lookup-found').waitFor();
    await tab.locate('lookup-recursive').focus();
    await keyboard.press('ArrowRight');
    expect(await tab.locate('lookup-iterative').isChecked()).toBe(true);
    for (let i = 0; i < 8 && (await focused()) !== 'slot'; i++) await keyboard.press('Tab');
    expect(await focused()).toBe('slot');
    await keyboard.press('End');
    await keyboard.press('Enter');
    const picked = await tab.page.evaluate(() => (document.activeElement as HTMLElement).dataset['peerId'] ?? '');
    expect(ids).toContain(picked);
    expect(await tab.page.locator('[data-testid="contact-table"] .chosen').getAttribute('data-peer-id')).toBe(picked);
    await keyboard.press('Enter');
    await tab.locate('sort-id').focus();
    await keyboard.press('Enter');
    const inOrder = await peerIds('contact-row');
    expect(inOrder).toEqual(ids.slice(1).toSorted());
    for (let i = 0; i < 8 && !(await tab.page.locator('.pick:focus').count()); i++) await keyboard.press('Tab');
    await keyboard.press('ArrowDown');
    await keyboard.press('Enter');
    expect(await tab.page.locator('.pick[aria-pressed="true"]').count()).toBe(1);
    expect(await tab.page.locator('[data-testid="contact-table"] .chosen').getAttribute('data-peer-id')).toBe(
      inOrder[1],
    );
    await keyboard.press('Enter');
    await tab.locate('lookup-close').focus();
    await keyboard.press('Enter');
    await tab.locate('lookup-found').waitFor({ state: 'detached' });
    expect(await focused()).toBe('lookup-input');
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`axe finds nothing in the ${colorScheme} views, all open, and a phone shows them without overflow`, async () => {
      await tab.page.emulateMedia({ colorScheme });
      await lookUp(KEY, 'recursive');
      expect(await violations(tab)).toEqual([]);
      const before = tab.page.viewportSize()!;
      await tab.page.setViewportSize(PHONE);
      const overflow = await tab.page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow).toBeLessThanOrEqual(0);
      expect(await violations(tab)).toEqual([]);
      await tab.page.setViewportSize(before);
      await tab.locate('lookup-close').click();
    });
  }

  test('who asks for less motion sees the whole way at once', async () => {
    await tab.page.emulateMedia({ reducedMotion: 'reduce' });
    await lookUp(KEY, 'recursive');
    const hop = tab.locate('ring-lookup').locator('.hop').first();
    await hop.waitFor({ state: 'attached' });
    const style = await hop.evaluate((line) => [
      getComputedStyle(line).animationName,
      getComputedStyle(line).strokeDashoffset,
    ]);
    expect(style).toEqual(['none', '0px']);
    await tab.page.emulateMedia({ reducedMotion: 'no-preference' });
    await tab.locate('lookup-close').click();
  });

  test('a hidden page draws no lookup', async () => {
    await tab.page.evaluate(() => Object.defineProperty(document, 'hidden', { value: true, configurable: true }));
    // Those of the node that were drawn before go by themselves.
    await tab.locate('ring-lookup').first().waitFor({ state: 'detached' });
    await tab.page.evaluate(() => {
      const drawn: string[] = [];
      const ring = document.querySelector('[data-testid="ring"]')!;
      new MutationObserver(() => drawn.push('changed')).observe(ring, { subtree: true, childList: true });
      Object.assign(window, { drawn });
    });
    await tab.page.evaluate(() => window.skein.get('nobody keeps this').catch(() => undefined));
    expect(await tab.page.evaluate(() => (window as unknown as { drawn: string[] }).drawn)).toEqual([]);
    await tab.page.evaluate(() => Reflect.deleteProperty(document, 'hidden'));
    await tab.page.evaluate(() => {
      window.skein.get('nobody keeps this').catch(() => undefined);
    });
    await tab.until(
      'a page in sight to draw it',
      () => (window as unknown as { drawn: string[] }).drawn.length > 0,
      undefined,
    );
  });

  test('no page let an error slip', () => {
    for (const each of world.tabs) expect(each.uncaught).toEqual([]);
  });
});

scenario('a lookup that nobody answers is cancelled with its button, and one that is alone says so', async (world) => {
  const [tab, other] = await world.openJoinedTabs(2, 1);
  await other!.crash();
  await tab!.locate('lookup-input').fill(KEY);
  // On links as quick as these the lookup gives up 150 ms after its start: the button is pressed from inside.
  const pressed = await tab!.page.evaluateHandle(() => ({
    done: new Promise<void>((resolve, reject) => {
      const observer = new MutationObserver(() => {
        const button = document.querySelector<HTMLElement>('[data-testid="lookup-cancel"]');
        const isOver = document.querySelector('[data-testid="lookup-failed"], [data-testid="lookup-found"]') !== null;
        if (!button && !isOver) return;
        observer.disconnect();
        button?.focus();
        button?.click();
        if (button) resolve();
        else reject(new Error('the lookup was over before it could be cancelled'));
      });
      observer.observe(document.body, { childList: true, subtree: true });
    }),
  }));
  await tab!.locate('lookup-start').click();
  await pressed.evaluate(({ done }) => done);
  await tab!.locate('lookup-cancelled').waitFor();
  expect(await tab!.locate('lookup-input').evaluate((input) => input === document.activeElement)).toBe(true);
  await tab!.forgot(await tab!.page.evaluate(() => window.skein.links()[0]?.id ?? ''), 20_000);
  await tab!.locate('lookup-start').click();
  const failed = tab!.locate('lookup-failed');
  await failed.waitFor();
  expect(await failed.getAttribute('data-code')).toBe('no-links');
  expect(await failed.textContent()).toMatch(/nobody to ask/);
  expect(await violations(tab!)).toEqual([]);
  const opened = tab!.context.waitForEvent('page');
  await tab!.locate('lookup-open-tab').click();
  await (await opened).close();
});
