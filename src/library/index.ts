/** `import { plan, migrate, verify } from 'cp-migrate'`: the commands as functions. They print nothing and read no environment. */
import { detect as detectCommand } from '../commands/detect.js'
import { init as initCommand } from '../commands/init.js'
import { migrate as migrateCommand } from '../commands/migrate.js'
import { purgeRedis as purgeCommand } from '../commands/purge-redis.js'
import { rollback as rollbackCommand } from '../commands/rollback.js'
import { status as statusCommand } from '../commands/status.js'
import { verify as verifyCommand } from '../commands/verify.js'
import type {
  DetectResult,
  InitResult,
  MigrateResult,
  PurgeResult,
  RollbackResult,
  StatusResult,
  VerifyResult,
} from './documents.js'
import type {
  DetectOptions,
  InitOptions,
  LedgerOptions,
  MigrateOptions,
  PurgeOptions,
  RollbackOptions,
  RunOptions,
  VerifyOptions,
} from './options.js'
import { documentOf } from './run.js'

export type { RunEvent, RunProgress } from '../model/events.js'
export type * from './documents.js'
export { CpMigrateError } from './error.js'
export type * from './options.js'

/** Which savers wrote what: listed and sampled, in seconds. Needs only `redis`. */
export const detect = (options: DetectOptions, run: RunOptions = {}): Promise<DetectResult> =>
  documentOf(detectCommand, options, run)

/** Makes the saver's tables and the ledger in `postgres` where they are missing. */
export const init = (options: InitOptions, run: RunOptions = {}): Promise<InitResult> =>
  documentOf(initCommand, { dialect: 'python', ...options }, run)

/** A rehearsal: reads, decodes and encodes everything, writes nothing. Needs only `redis`; with `postgres` it looks there, too. */
export const plan = (options: MigrateOptions, run: RunOptions = {}): Promise<MigrateResult> =>
  documentOf(migrateCommand, { ...options, dryRun: true }, run)

/** Moves threads. What was committed stays, whatever ends it; the same call goes on where it stopped. */
export const migrate = (options: MigrateOptions, run: RunOptions = {}): Promise<MigrateResult> =>
  documentOf(migrateCommand, options, run)

/** Reads both sides again and compares every value. Differences are in the result; it does not reject for them. */
export const verify = (options: VerifyOptions, run: RunOptions = {}): Promise<VerifyResult> =>
  documentOf(verifyCommand, options, run)

/** Removes what runs of `migrate` wrote; without `yes` a plan. */
export const rollback = (options: RollbackOptions, run: RunOptions = {}): Promise<RollbackResult> =>
  documentOf(rollbackCommand, options, run)

/** Frees Redis of threads that are verified and unchanged since; without `yes` a plan. */
export const purgeRedis = (options: PurgeOptions, run: RunOptions = {}): Promise<PurgeResult> =>
  documentOf(purgeCommand, options, run)

/** The runs that the ledger knows, and what they found. */
export const status = (options: LedgerOptions, run: RunOptions = {}): Promise<StatusResult> =>
  documentOf(statusCommand, options, run)
