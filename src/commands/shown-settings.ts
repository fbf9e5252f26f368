/** The settings as they may be shown: without passwords, each with where it comes from. */
import { describeEndpoint } from '../model/endpoint.js'
import { formatBytes, formatDuration } from '../report/format.js'
import type { Config, SettingName } from './config.js'

export interface ShownSetting {
  readonly name: SettingName
  readonly value: string
  readonly origin: string
}

/** Those that are set, or have a value by themselves. */
export const shownSettings = (config: Pick<Config, 'values' | 'origins'>): ShownSetting[] =>
  (Object.keys(config.values) as SettingName[])
    .map((name) => ({ name, value: shown(config, name), origin: config.origins[name] }))
    .filter(({ origin, value }) => origin !== 'default' || value !== '')

function shown({ values }: Pick<Config, 'values'>, name: SettingName): string {
  const value = values[name]
  if (value === undefined) return ''
  if (Array.isArray(value)) return value.join(', ')
  if (name === 'memory') return formatBytes(Number(value))
  if (name.endsWith('Timeout') || name === 'retryFor' || name === 'wait' || name === 'redisMaxLatency')
    return formatDuration(Number(value) / 1000)
  // A variable may hold the file itself.
  if (name.endsWith('Ca') || name.endsWith('Cert') || name.endsWith('Key'))
    return String(value).startsWith('-----BEGIN ') ? 'PEM text' : String(value)
  if (typeof value !== 'object') return String(value)
  if ('keysPerSecond' in value) return `${value.keysPerSecond} keys/s`
  if ('bytesPerSecond' in value) return `${formatBytes(value.bytesPerSecond)}/s`
  if ('engine' in value && (value.engine === 'rdb' || value.engine === 'sqlite' || value.engine === 'pglite'))
    return describeEndpoint(value)
  const { username, password, tls, certificates } = value
  const login = [
    username && 'user',
    password && 'password',
    certificates?.cert && 'certificate',
    `TLS ${tls === 'encrypt' ? 'unchecked' : tls}`,
  ].filter(Boolean)
  return `${describeEndpoint(value)} (${login.join(', ')})`
}
