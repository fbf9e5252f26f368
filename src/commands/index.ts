/** The commands, in the order in which a user needs them. */
import type { CommandModule } from './command.js'
import { init } from './init.js'
import { migrate } from './migrate.js'
import { rollback } from './rollback.js'
import { showConfig } from './show-config.js'

export const COMMANDS: readonly CommandModule[] = [init, migrate, rollback, showConfig]
