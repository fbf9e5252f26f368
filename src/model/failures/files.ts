/** Failures about files: snapshots, SQLite, databases in a folder, archives, reports, our own temporary ones. */
import { EXIT, type FailureEntry } from './entry.js'

export const FILES_FAILURES = {
  // Redis: a snapshot's file
  'snapshot-unreadable': {
    exit: EXIT.usage,
    what: 'cannot read the snapshot {endpoint}: {problem}',
    next: 'Check the path and its permissions. A path without a leading / counts from the current folder.',
  },
  'not-a-snapshot': {
    exit: EXIT.usage,
    what: '{endpoint} is no RDB snapshot: {problem}',
    next: 'Name a file that SAVE or BGSAVE has written (dump.rdb), or an export of your provider in RDB format.',
  },
  'snapshot-version': {
    exit: EXIT.usage,
    what: '{endpoint} is a snapshot in version {version} of the format; {oldest} to {newest} are known',
    next: 'Load it into a server that reads it, and name that server.',
  },
  'snapshot-truncated': {
    exit: EXIT.failed,
    what: '{endpoint} is not whole: at byte {offset} begins what its end cuts off',
    next: 'A copy was broken off, or the server was still writing. Take it again; nothing was moved from it.',
  },
  'snapshot-damaged': {
    exit: EXIT.failed,
    what: '{endpoint} is damaged at byte {offset}: {problem}',
    next: 'Copy it again, in binary mode; redis-check-rdb says what a server makes of it.',
  },
  'snapshot-changed': {
    exit: EXIT.failed,
    what: '{endpoint} was written to while it was read',
    next: 'What was committed stays and is right. Run the same command again on a copy that nobody writes to.',
  },
  'snapshot-not-writable': {
    exit: EXIT.usage,
    what: '{command} cannot work on {endpoint}: a snapshot is a copy, and is only read',
    next: 'Name the server itself: --redis redis://HOST:6379/0.',
  },
  // A SQLite file
  'sqlite-missing': {
    exit: EXIT.usage,
    what: '{endpoint} needs the package node-sqlite3-wasm, which is not installed',
    next: 'Install it beside cp-migrate (npm install node-sqlite3-wasm).',
  },
  'sqlite-unreadable': {
    exit: EXIT.usage,
    what: 'cannot read the SQLite file {endpoint}: {problem}',
    next: 'Check the path and its permissions. A path without a leading / counts from the current folder.',
  },
  'sqlite-truncated': {
    exit: EXIT.usage,
    what: 'the SQLite file {endpoint} is not whole: {bytes} bytes of {wanted}',
    next: 'A copy was broken off. Take it again, with sqlite3 FILE ".backup copy.db"; nothing was moved from it.',
  },
  'sqlite-not-copied': {
    exit: EXIT.failed,
    what: '{endpoint} is read from a copy, and making it in {folder} failed: {problem}',
    next: 'Make as much room there as the file takes, or name another folder in TMPDIR.',
  },
  'sqlite-no-saver': {
    exit: EXIT.usage,
    what: '{endpoint} holds no tables of a LangGraph saver that is known: {problem}',
    next: 'Name the file that SqliteSaver was given. If the application has it open, NAME-wal must stand beside it: new data may be only there.',
  },
  'sqlite-busy': {
    exit: EXIT.failed,
    what: '{endpoint} was written to whenever it was copied, or a journal of an interrupted write stands beside it',
    next: 'Run the same command again at a quieter time, or on a copy: sqlite3 FILE ".backup copy.db".',
  },
  'sqlite-not-writable': {
    exit: EXIT.usage,
    what: '{command} cannot work on {endpoint}: it deletes or writes keys of a Redis, and SQLite files are only read',
    next: 'The file belongs to the application: once verify is content and nobody opens it any more, put it away yourself.',
  },
  // This machine
  'spill-failed': {
    exit: EXIT.failed,
    what: 'the list of keys does not fit into memory, and writing it to {folder} failed: {problem}',
    next: 'Make room there, name another folder in TMPDIR, or give more --memory.',
  },
  'port-taken': {
    exit: EXIT.connection,
    what: 'nothing can listen on port {port} of this machine: {problem}',
    next: 'Name another one with --port.',
  },
  'pglite-missing': {
    exit: EXIT.usage,
    what: '{endpoint} needs the package @electric-sql/pglite, which is not installed',
    next: 'Install it beside cp-migrate (npm install @electric-sql/pglite), or name a Postgres server.',
  },
  'pglite-locked': {
    exit: EXIT.locked,
    what: '{endpoint} is in use by another process: {holder}',
    next: 'A database in a folder serves one process at a time. Let it end or stop it, then run this again.',
  },
  'pglite-unreadable': {
    exit: EXIT.connection,
    what: 'no database could be opened at {endpoint}: {problem}',
    next: 'Name a folder that does not exist yet, or one that PGlite made.',
  },
  'report-unwritable': {
    exit: EXIT.failed,
    what: 'cannot write the report {path}: {problem}',
    next: 'What the command did is done. The report stands above; name another file and run it again for the page.',
  },
  'archive-unwritable': {
    exit: EXIT.failed,
    what: 'cannot write the archive {path}: {problem}',
    next: 'No key was deleted that is not in it. Make room or name another file, then run the same command again.',
  },
  'archive-unreadable': {
    exit: EXIT.usage,
    what: 'cannot read the archive {path}: {problem}',
    next: 'Name a file that purge-redis --archive has written.',
  },
} as const satisfies Record<string, FailureEntry>
