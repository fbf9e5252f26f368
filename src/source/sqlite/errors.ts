/** Turns what can go wrong with a SQLite file into failures. */
import { Failure } from '../../model/failure.js'

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
}

/** Of the file system, or of SQLite itself. Anything else is given back as it is. */
export function sqliteFailure(error: unknown, endpoint: string): unknown {
  if (!(error instanceof Error) || error instanceof Failure) return error
  if (error.name === 'SQLite3Error')
    return new Failure('sqlite-unreadable', { endpoint, problem: error.message }, error)
  if (!('code' in error) || !('syscall' in error)) return error
  const problem = PROBLEMS[String(error.code)] ?? error.message
  return new Failure('sqlite-unreadable', { endpoint, problem }, error)
}

/** Of the copy among the temporary files: nothing is wrong with the file itself. */
export const copyFailure = (
  error: unknown,
  { endpoint, folder }: { readonly endpoint: string; readonly folder: string },
): Failure => {
  const problem = error instanceof Error ? error.message : String(error)
  return new Failure('sqlite-not-copied', { endpoint, folder, problem }, error)
}
