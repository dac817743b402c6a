import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    dir: 'test',
    pool: 'forks',
    maxWorkers: 2,
    // For what never ends. On a slow and busy computer a test of seconds takes minutes, so nothing has a
    // shorter limit of its own.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 120_000, interval: 50 } },
    reporters: process.env['PENTIMENTO_VERBOSE']
      ? ['verbose', './test/reporter.ts']
      : ['default', './test/reporter.ts'],
    exclude: ['**/node_modules/**', 'reference/cases/**'],
  },
});
