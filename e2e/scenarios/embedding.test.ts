import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Embedder } from '../harness/embedder.ts';
import { hashBytes, type MadeFile } from '../harness/files.ts';
import { scenario } from '../harness/scenario.ts';
import type { World } from '../harness/world.ts';

const MB = 1_000_000;

let embedder: Embedder;
beforeAll(async () => {
  embedder = await Embedder.open();
});
afterAll(() => embedder.close());

/** Two people have the application open, one of them gives a file, and the other takes it. */
async function handOver(world: World, app: string, server: string): Promise<void> {
  const url = `${app}?server=${encodeURIComponent(server)}`;
  const complaints: string[] = [];
  const [giver, taker] = await Promise.all([open(world, url, complaints), open(world, url, complaints)]);
  const file = await world.files.make('handed over.bin', 3 * MB);
  await giver.locator('#file').setInputFiles(file.path);
  const link = giver.locator('#link');
  await link.filter({ hasText: 'magnet:' }).waitFor();
  await taker.getByLabel('Link').fill((await link.textContent()) ?? '');
  await taker.getByRole('button', { name: 'Take' }).click();
  await expectTaken(taker, file);
  expect(complaints).toEqual([]);
}

async function open(world: World, url: string, complaints: string[]): Promise<Page> {
  const context = await world.newProfile();
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  await page.locator('#status', { hasText: 'Joined, with 1 peer' }).waitFor();
  return page;
}

async function expectTaken(page: Page, file: MadeFile): Promise<void> {
  const saving = page.waitForEvent('download');
  await page.getByRole('link', { name: file.name }).click();
  const saved = await (await saving).path();
  expect(hashBytes(await readFile(saved))).toBe(file.sha256);
}

test('an application compiles against the types of the packed library', async () => {
  expect(await embedder.typecheck()).toBe('');
});

scenario('an application that a bundler made hands a file over, by a signaling server elsewhere', async (world) => {
  const url = await embedder.bundle();
  await handOver(world, url, world.server.url);
});

scenario("an application in development does the same with a bundler's own server", async (world) => {
  const url = await embedder.develop();
  await handOver(world, url, world.server.url);
});

scenario('a page without a bundler takes the library as it was packed', async (world) => {
  const url = await embedder.unbundled();
  await handOver(world, url, world.server.url);
});

scenario('a library whose worker was left behind says so, and joins all the same', async (world) => {
  const url = await embedder.unbundled({ without: ['swarm-worker.js'] });
  const app = `${url}?server=${encodeURIComponent(world.server.url)}`;
  const [page] = await Promise.all([open(world, app, []), open(world, app, [])]);
  const file = await world.files.make('left behind.bin', MB);
  await page.locator('#file').setInputFiles(file.path);
  await page.locator('#taken', { hasText: "The worker's script for files did not load." }).waitFor();
});

scenario('the signaling server runs inside another program', async (world) => {
  const server = await embedder.start('server.mjs', /running at (\S+)/);
  const url = await embedder.bundle();
  await handOver(world, url, server);
});
