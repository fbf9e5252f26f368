/** Runs before every test file: random values are the same in every run, so that what passes today passes tomorrow. */
import fc from 'fast-check'

/** `CP_MIGRATE_TEST_SEED=7 npm test` tries other values; `npm run fuzz` tries new ones all the time. */
fc.configureGlobal({ seed: Number(process.env.CP_MIGRATE_TEST_SEED ?? 20_261_121) })
