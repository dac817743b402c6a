import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    dir: 'test',
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: process.env['PENTIMENTO_VERBOSE']
      ? ['verbose', './test/reporter.ts']
      : ['default', './test/reporter.ts'],
    exclude: ['**/node_modules/**', 'reference/cases/**'],
  },
});
