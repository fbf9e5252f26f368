/** Turns what can go wrong with a snapshot's file into failures. */
import { DecodeError } from '../../codec/bytes.js'
import { EndOfBytes } from '../../codec/rdb/input.js'
import { Failure } from '../../model/failure.js'

/** Of the bytes; `before` is where those began that were being read. Anything else is given back as it is. */
export function snapshotFailure(error: unknown, endpoint: string, before = 0): unknown {
  if (error instanceof EndOfBytes)
    return new Failure('snapshot-truncated', { endpoint, offset: before + error.offset }, error)
  if (!(error instanceof DecodeError)) return isOfFile(error) ? unreadable(error, endpoint) : error
  return new Failure(
    'snapshot-damaged',
    { endpoint, offset: before + error.offset, problem: error.message },
    error,
  )
}

interface SystemError extends Error {
  readonly code: string
  readonly syscall: string
}

const isOfFile = (error: unknown): error is SystemError =>
  error instanceof Error && 'syscall' in error && 'code' in error

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
}

const unreadable = (error: SystemError, endpoint: string): Failure =>
  new Failure('snapshot-unreadable', { endpoint, problem: PROBLEMS[error.code] ?? error.message }, error)
