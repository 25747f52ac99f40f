import { defineConfig } from 'vitest/config';

/** Unit, property, fuzz and simulator tests: everything that needs no browser. They stand beside what they test. */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: [
      'shared/**/*.test.ts',
      'client/**/*.test.ts',
      'signaling-server/**/*.test.ts',
      'e2e/{nat,soak}/**/*.test.ts',
    ],
    // Fuzz tests feed 100,000 inputs and simulations run whole networks; on two busy cores that takes seconds.
    testTimeout: 60_000,
    retry: 0,
  },
});
