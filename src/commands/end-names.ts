/**
 * `--from` and `--to`: the two ends by what they are for. There they mean what `--redis` and `--postgres` do, the names of the usual ends;
 * back (`--from postgres:… --to redis:…`) the other way round.
 */
import { Failure } from '../model/failure.js'
import type { Options } from './command.js'
import type { SettingName } from './settings.js'
import { isSnapshotUrl } from './snapshot-url.js'
import { isSqliteUrl } from './sqlite-url.js'

/** `there`: from Redis, or a file of it, to Postgres. `back`: from Postgres to Redis. */
export type Direction = 'there' | 'back'

export interface NamedEnds {
  readonly direction: Direction
  /** With each end under the name of its setting. */
  readonly options: Options
  /** The flags that set them, where they are others than the settings' own. */
  readonly flags: Readonly<Partial<Record<SettingName, string>>>
}

type Engine = 'Redis' | 'Postgres' | 'a snapshot' | 'a SQLite file'

/** Throws `usage` where both names of an end are given, `bad-pair` where nothing moves between two such ends. */
export function namedEnds(given: Options): NamedEnds {
  const from = engineOf(given.from)
  const to = engineOf(given.to)
  if (to === 'a snapshot' || to === 'a SQLite file') throw refused(`--to names ${to}, which is only read`)
  if (from !== null && from === to) throw refused(`--from and --to both name ${from}`)
  if (to === 'Redis' && from !== null && from !== 'Postgres') {
    throw refused(`--from names ${from} and --to Redis, and the way back begins in Postgres`)
  }
  const direction: Direction = from === 'Postgres' || to === 'Redis' ? 'back' : 'there'
  const [source, target] =
    direction === 'back' ? (['postgres', 'redis'] as const) : (['redis', 'postgres'] as const)
  const options: Record<string, unknown> = { ...given }
  const flags: Partial<Record<SettingName, string>> = {}
  for (const [option, setting] of [
    ['from', source],
    ['to', target],
  ] as const) {
    if (given[option] === undefined) continue
    if (given[setting] !== undefined) {
      const message = `--${option} and --${setting} name the same end; give one of them`
      throw new Failure('usage', { message, command: 'cp-migrate' })
    }
    options[setting] = given[option]
    flags[setting] = `--${option}`
  }
  return { direction, options, flags }
}

/** Null where the scheme says nothing: whoever reads the URL says what is wrong with it. */
function engineOf(url: unknown): Engine | null {
  if (typeof url !== 'string') return null
  if (isSqliteUrl(url)) return 'a SQLite file'
  if (isSnapshotUrl(url)) return 'a snapshot'
  if (/^(rediss?|valkeys?|unix):/i.test(url)) return 'Redis'
  return /^(postgres(ql)?(\+\w+)?|pglite):/i.test(url) ? 'Postgres' : null
}

const refused = (problem: string): Failure => new Failure('bad-pair', { problem })
