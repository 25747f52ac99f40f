import type { BrowserContext, CDPSession } from 'playwright-core';
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

/** Whatever opens a browser profile for a page. */
export type OpenProfile = () => Promise<BrowserContext>;

/**
 * Processor seconds that `work` costs in all processes of the browsers that `contexts` are profiles of: pages, workers,
 * their network services. Processes that end meanwhile are not counted, so pages stay open.
 */
export async function withProcessorTime<T>(
  contexts: readonly BrowserContext[],
  work: () => Promise<T>,
): Promise<[T, number]> {
  const browsers = new Set(contexts.flatMap((context) => context.browser() ?? []));
  const sessions = await Promise.all([...browsers].map((browser) => browser.newBrowserCDPSession()));
  const before = await Promise.all(sessions.map(processorTimes));
  const result = await work();
  const after = await Promise.all(sessions.map(processorTimes));
  await Promise.all(sessions.map((session) => session.detach()));
  let seconds = 0;
  for (const [index, times] of after.entries())
    for (const [id, time] of times) seconds += time - (before[index]?.get(id) ?? 0);
  return [result, seconds];
}

/** Processor seconds of each process of a browser so far, by its id. */
async function processorTimes(session: CDPSession): Promise<Map<number, number>> {
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  return new Map(processInfo.map(({ id, cpuTime }) => [id, cpuTime]));
}
