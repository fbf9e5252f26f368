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
  'include',
  'storePrefix',
  'storeVectorPrefix',
  'layoutFile',
  'layout',
  'thread',
  'threadsFrom',
  'match',
  'limit',
]

/** Only what flags set: variables set the next command by themselves. */
export function flagsAgain({ values, origins, direction }: Config): FlagsAgain {
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
  const { postgres } = values
  const isFolder = postgres?.engine === 'pglite' && origins.postgres.startsWith('--')
  const folder = isFolder ? ` ${origins.postgres} ${shellWord(describeEndpoint(postgres))}` : ''
  // Without them the same words would go the other way.
  const ends =
    direction === 'there'
      ? folder
      : [values.postgres, values.redis]
          .map((end, at) => end && ` ${at === 0 ? '--from' : '--to'} ${shellWord(describeEndpoint(end))}`)
          .join('')
  return { target: `${ends}${flags(TARGET)}`, scope: `${snapshot}${flags(SCOPE)}`, snapshot }
}
