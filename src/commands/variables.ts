/** Looks variables up: the environment first, then `.env` in the working directory, each also as `NAME_FILE` with the value in a file. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parse } from 'dotenv'
import { Failure } from '../model/failure.js'

export interface Variable {
  readonly value: string
  /** `REDIS_URL`, `REDIS_URL in .env`, `REDIS_URL_FILE`. */
  readonly origin: string
}

export interface Variables {
  /** An empty variable counts as not set. */
  find(name: string): Variable | null
  /** Where each variable stands whose name begins so, such as `CP_MIGRATE_SHEMA in .env`. */
  beginningWith(prefix: string): readonly { readonly name: string; readonly origin: string }[]
}

type Layer = Readonly<Record<string, string | undefined>>

/** Reads `.env` now, files named by `…_FILE` only when they are asked for. */
export function readVariables(env: Layer, cwd: string, withDotEnv = true): Variables {
  const dotEnv = withDotEnv ? dotEnvOf(cwd) : {}
  const inLayer = (layer: Layer, name: string, where: string): Variable | null => {
    const value = layer[name]
    if (value) return { value, origin: `${name}${where}` }
    const file = layer[`${name}_FILE`]
    if (!file) return null
    const origin = `${name}_FILE${where}`
    return { value: contentOf(resolve(cwd, file), origin).replace(/\r?\n$/, ''), origin }
  }
  return {
    find: (name) => inLayer(env, name, '') ?? inLayer(dotEnv, name, ' in .env'),
    beginningWith: (prefix) =>
      [
        ...Object.keys(env).map((name) => ({ name, origin: name })),
        ...Object.keys(dotEnv).map((name) => ({ name, origin: `${name} in .env` })),
      ].filter(({ name }) => name.startsWith(prefix)),
  }
}

function dotEnvOf(cwd: string): Layer {
  const path = resolve(cwd, '.env')
  try {
    return parse(readFileSync(path))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return {}
    throw unreadable(path, 'the working directory', error)
  }
}

/** The file descriptor, for `contentOf`. */
export const STANDARD_INPUT = 0

/** The text of a file that a flag or a variable names. */
export function contentOf(path: string | typeof STANDARD_INPUT, setBy: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw unreadable(path === STANDARD_INPUT ? '-' : path, setBy, error)
  }
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
}

function unreadable(path: string, setBy: string, error: unknown): Failure {
  const code = codeOf(error)
  return new Failure('unreadable-file', { path, setBy, problem: PROBLEMS[code] ?? code }, error)
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)
