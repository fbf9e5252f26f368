/** `--from` and `--to`: the two ends by what they are for. They mean what `--redis` and `--postgres` do, the names of the usual ends. */
import { Failure } from '../model/failure.js'
import type { Options } from './command.js'
import type { SettingName } from './settings.js'

const NAMES: readonly (readonly [option: string, setting: SettingName])[] = [
  ['from', 'redis'],
  ['to', 'postgres'],
]

export interface NamedEnds {
  /** With each end under the name of its setting. */
  readonly options: Options
  /** The flags that set them, where they are others than the settings' own. */
  readonly flags: Readonly<Partial<Record<SettingName, string>>>
}

/** Throws `usage` where both names of an end are given. */
export function namedEnds(given: Options): NamedEnds {
  const options: Record<string, unknown> = { ...given }
  const flags: Partial<Record<SettingName, string>> = {}
  for (const [option, setting] of NAMES) {
    if (given[option] === undefined) continue
    if (given[setting] !== undefined) {
      const message = `--${option} and --${setting} name the same end; give one of them`
      throw new Failure('usage', { message, command: 'cp-migrate' })
    }
    options[setting] = given[option]
    flags[setting] = `--${option}`
  }
  return { options, flags }
}
