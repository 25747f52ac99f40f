import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { ServerIceConfig } from './ice-config.ts';

const silent = { log: (): void => undefined };

/** A server that answers every request so, and counts them. */
async function serve(status: number, body: object): Promise<{ origin: string; asked: () => number }> {
  let count = 0;
  const server = createServer((_request, response) => {
    count++;
    response.writeHead(status).end(JSON.stringify(body));
  });
  onTestFinished(() => {
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => count };
}

test('servers are asked for once, and used for half of their time', async () => {
  const iceServers = [{ urls: ['stun:stun.example.org'] }];
  const { origin, asked } = await serve(200, { iceServers, iceTtlMs: 600_000, lanUrls: [] });
  const ice = new ServerIceConfig(origin, silent);
  expect(ice.current()).toEqual([]);
  expect(await ice.fresh()).toEqual(iceServers);
  expect(ice.current()).toEqual(iceServers);
  expect(asked()).toBe(1);
});

test('a server that has no configuration is not asked again at every look', async () => {
  const { origin, asked } = await serve(503, {});
  const ice = new ServerIceConfig(origin, silent);
  for (let look = 0; look < 5; look++) {
    expect(ice.current()).toEqual([]);
    expect(await ice.fresh()).toEqual([]);
  }
  expect(asked()).toBe(1);
});
