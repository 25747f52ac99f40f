import { test } from 'vitest';
import { IN_FIREFOX, World, type WorldOptions } from './world.ts';

export interface ScenarioOptions extends WorldOptions {
  readonly timeoutMs?: number;
  readonly skip?: boolean;
  /** It does to the browser what its driver can do to Chromium alone. Default false. */
  readonly needsChromium?: boolean;
}

/** How much longer a test may take in Firefox, which is started anew for each. */
const FIREFOX_PATIENCE = 3;

/** A test with a world of its own. When it fails or takes too long, what every tab showed is kept. */
export function scenario(title: string, run: (world: World) => Promise<void>, options: ScenarioOptions = {}): void {
  const isSkipped = options.skip === true || (IN_FIREFOX && options.needsChromium === true);
  const settings = { timeout: (options.timeoutMs ?? 120_000) * (IN_FIREFOX ? FIREFOX_PATIENCE : 1), skip: isSkipped };
  test(title, settings, async ({ onTestFinished }) => {
    const world = await World.open(options);
    onTestFinished(async ({ task }) => {
      try {
        if (task.result?.state === 'fail') await world.dump(title);
      } finally {
        await world.close();
      }
    });
    await run(world);
  });
}
