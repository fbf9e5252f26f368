/** How the tests run: real servers, a fresh database per file. The time limits only end what hangs. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/services/global.ts'],
    setupFiles: ['test/services/each-file.ts', 'test/services/seeds.ts'],
    pool: 'forks',
    maxWorkers: 2, // each may have a Redis, a Postgres and a Python beside it
    testTimeout: 180_000,
    hookTimeout: 600_000, // the first hook of a fresh machine downloads the servers
    teardownTimeout: 30_000,
  },
})
