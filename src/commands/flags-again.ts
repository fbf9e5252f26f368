/** The user's own flags, for the command that is suggested next. URLs of servers stay out: they may hold passwords. */
import { describeEndpoint } from '../model/endpoint.js'
import { shellWord } from '../model/printable.js'
import type { FlagsAgain } from '../report/next.js'
import type { Config, SettingName } from './config.js'

const TARGET: readonly SettingName[] = ['schema', 'ledgerSchema']
const SCOPE: readonly SettingName[] = [
  'checkpointPrefix',
  'checkpointWritePrefix',
  'checkpointBlobPrefix',
  'layoutFile',
  'layout',
  'thread',
  'threadsFrom',
  'match',
  'limit',
]

/** Only what flags set: variables set the next command by themselves. */
export function flagsAgain({ values, origins }: Config): FlagsAgain {
  const flags = (names: readonly SettingName[]): string =>
    names
      .filter((name) => origins[name].startsWith('--'))
      .flatMap((name) =>
        [values[name]].flat().map((value) => ` ${origins[name]} ${shellWord(String(value))}`),
      )
      .join('')
  const isSnapshot =
    values.redis !== undefined && values.redis.engine !== 'redis' && origins.redis.startsWith('--')
  const snapshot = isSnapshot ? ` ${origins.redis} ${shellWord(describeEndpoint(values.redis!))}` : ''
  return { target: flags(TARGET), scope: `${snapshot}${flags(SCOPE)}`, snapshot }
}
