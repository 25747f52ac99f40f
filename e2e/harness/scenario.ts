import { test } from 'vitest';
import { World, type WorldOptions } from './world.ts';

/** A test with a world of its own. When it fails or takes too long, what every tab showed is kept. */
export function scenario(
  title: string,
  run: (world: World) => Promise<void>,
  options: WorldOptions & { readonly timeoutMs?: number; readonly skip?: boolean } = {},
): void {
  const settings = { timeout: options.timeoutMs ?? 60_000, skip: options.skip === true };
  test(title, settings, async ({ onTestFinished }) => {
    const world = await World.open(options);
    onTestFinished(async ({ task }) => {
      if (task.result?.state === 'fail') await world.dump(title);
      await world.close();
    });
    await run(world);
  });
}
