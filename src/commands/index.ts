/** The commands, in the order in which a user needs them. */
import type { CommandModule } from './command.js'
import { completionOf } from './completion.js'
import { demo } from './demo.js'
import { detect } from './detect.js'
import { doctor } from './doctor.js'
import { init } from './init.js'
import { inspect } from './inspect.js'
import { ledger } from './ledger-drop.js'
import { migrate } from './migrate.js'
import { prune } from './prune.js'
import { purgeRedis } from './purge-redis.js'
import { restoreArchive } from './restore-archive.js'
import { rollback } from './rollback.js'
import { serve } from './serve.js'
import { showConfig } from './show-config.js'
import { status } from './status.js'
import { threads } from './threads.js'
import { verify } from './verify.js'

const AT_WORK: readonly CommandModule[] = [
  detect,
  doctor,
  inspect,
  threads,
  init,
  migrate,
  verify,
  rollback,
  purgeRedis,
  prune,
  restoreArchive,
  status,
  ledger,
  showConfig,
  demo,
  serve,
]

export const COMMANDS: readonly CommandModule[] = [...AT_WORK, completionOf(AT_WORK)]
