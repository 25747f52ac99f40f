import { test } from 'vitest';
import { World, type WorldOptions } from './world.ts';

/** A test with a world of its own. When it fails, what every tab showed is kept. */
export function scenario(
  title: string,
  run: (world: World) => Promise<void>,
  options: WorldOptions & { readonly timeoutMs?: number; readonly skip?: boolean } = {},
): void {
  test.skipIf(options.skip === true)(title, { timeout: options.timeoutMs ?? 60_000 }, async () => {
    const world = await World.open(options);
    try {
      await run(world);
    } catch (error) {
      await world.dump(title);
      throw error;
    } finally {
      await world.close();
    }
  });
}
