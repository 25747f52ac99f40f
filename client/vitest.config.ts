import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['shared/**/*.test.ts', 'client/**/*.test.ts', 'signaling-server/**/*.test.ts'],
  },
});
