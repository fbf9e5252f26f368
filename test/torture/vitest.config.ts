/** The torture suite runs where the tests' servers, proxies and judge are at hand: in vitest, without its time limits. */
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: join(import.meta.dirname, '..', '..'),
  test: {
    include: ['test/torture/suite.ts'],
    globalSetup: ['test/services/global.ts'],
    setupFiles: ['test/services/each-file.ts'],
    pool: 'forks',
    disableConsoleIntercept: true,
    testTimeout: 0,
    hookTimeout: 600_000,
    teardownTimeout: 30_000,
  },
})
