import { describe, expect } from 'vitest';
import { NginxProcess } from '../harness/nginx.ts';
import { scenario } from '../harness/scenario.ts';
import { ServerProcess } from '../harness/server.ts';
import { Tab } from '../harness/tab.ts';
import type { World } from '../harness/world.ts';

const MB = 1_000_000;

/** The server behind nginx, both set up as the files in signaling-server/deploy say. */
async function deploy(world: World): Promise<NginxProcess> {
  const port = await NginxProcess.reserve();
  const env = { SKEIN_TRUSTED_PROXIES: '1', SKEIN_PUBLIC_HOSTS: `localhost:${port}` };
  const server = await ServerProcess.start({ env });
  world.onClose(() => server.kill());
  const nginx = await NginxProcess.start(port, server.port);
  world.onClose(() => nginx.stop());
  return nginx;
}

/** Somebody opens the page by https. The certificate is one that the test made. */
async function open(world: World, url: string): Promise<Tab> {
  const context = await world.newProfile({ ignoreHTTPSErrors: true });
  const tab = new Tab(await context.newPage());
  world.tabs.push(tab);
  await tab.page.goto(url, { waitUntil: 'commit' });
  await tab.started();
  return tab;
}

describe.skipIf(!NginxProcess.isInstalled())('behind nginx, with the configuration that operators are given', () => {
  scenario('the page is a secure context, two people link, and a file goes from one to the other', async (world) => {
    const nginx = await deploy(world);
    const [a, b] = await Promise.all([open(world, nginx.url), open(world, nginx.url)]);
    await a.linkedTo(await b.id());
    expect(await a.page.evaluate(() => window.skein.status)).toMatchObject({ server: 'connected', secure: true });
    const file = await world.files.make('by https.bin', MB);
    const infoHash = await a.share([file.path]);
    const link = await a.shareLink(infoHash);
    expect(link).toContain(nginx.url);
    await b.openLink(link);
    await b.downloaded(infoHash);
    expect((await b.save(infoHash)).sha256).toBe(file.sha256);
    expect([...a.complaints, ...b.complaints]).toEqual([]);
  });

  scenario('people keep their links while nginx is gone, and come back to the server through it', async (world) => {
    const nginx = await deploy(world);
    const [a, b] = await Promise.all([open(world, nginx.url), open(world, nginx.url)]);
    await a.linkedTo(await b.id());
    await nginx.kill();
    await Promise.all([a, b].map((tab) => tab.serverState('lost')));
    expect(await a.linkedIds()).toEqual([await b.id()]);
    await nginx.restart();
    await Promise.all([a, b].map((tab) => tab.serverState('connected')));
  });
});
