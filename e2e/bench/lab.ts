import type { Browser } from 'playwright-core';
import { World } from '../harness/world.ts';

/** 10^6 bytes. */
export const MB = 1_000_000;
/** 2^20 bytes. */
export const MIB = 1024 * 1024;

/** Runs `work` in a world of its own. */
export async function inWorld<T>(work: (world: World) => Promise<T>): Promise<T> {
  const world = await World.open();
  try {
    return await work(world);
  } finally {
    await world.close();
  }
}

/** Tells whoever waits how far it is; results alone go to standard output. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/**
 * Processor seconds that `work` costs in all processes of the browser: pages, workers, its network service. Processes
 * that end meanwhile are not counted, so pages stay open.
 */
export async function withProcessorTime<T>(browser: Browser, work: () => Promise<T>): Promise<[T, number]> {
  const session = await browser.newBrowserCDPSession();
  const read = async (): Promise<Map<number, number>> => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    return new Map(processInfo.map(({ id, cpuTime }) => [id, cpuTime]));
  };
  const before = await read();
  const result = await work();
  const after = await read();
  await session.detach();
  let seconds = 0;
  for (const [id, time] of after) seconds += time - (before.get(id) ?? 0);
  return [result, seconds];
}
