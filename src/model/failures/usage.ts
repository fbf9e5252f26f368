/** Failures about what the user asked for, and who stopped the run. */
import { EXIT, type FailureEntry } from './entry.js'

export const USAGE_FAILURES = {
  unexpected: {
    exit: EXIT.failed,
    what: 'unexpected error: {message}',
    next: 'This is a defect of cp-migrate. Run again with --verbose and report what it prints.',
  },
  usage: { exit: EXIT.usage, what: '{message}', next: 'See {command} --help.' },
  'no-source': {
    exit: EXIT.usage,
    what: 'no Redis was named',
    next: 'Give --redis redis://HOST:6379/0, file:dump.rdb or sqlite:FILE.db, or set REDIS_URL in the environment or in .env.',
  },
  'no-target': {
    exit: EXIT.usage,
    what: 'no Postgres was named',
    next: 'Give --postgres postgres://HOST/DATABASE, or set CHECKPOINT_DB_URI in the environment or in .env.',
  },
  'bad-url': {
    exit: EXIT.usage,
    what: 'the URL in {setBy} cannot be used: {problem}',
    next: 'It should look like {example}.',
  },
  'bad-setting': {
    exit: EXIT.usage,
    what: '{setBy} is not valid: {problem}',
    next: 'cp-migrate config shows every value and where it comes from.',
  },
  'bad-pair': {
    exit: EXIT.usage,
    what: 'nothing moves between these ends: {problem}',
    next: 'There: --from redis://…, file:dump.rdb or sqlite:FILE.db, --to postgres://… or pglite:FOLDER. Back: --from postgres://… or pglite:FOLDER, --to redis://….',
  },
  'unreadable-file': {
    exit: EXIT.usage,
    what: 'cannot read the file {path} named by {setBy}: {problem}',
    next: 'Check the path and its permissions.',
  },
  'bad-layout-file': {
    exit: EXIT.usage,
    what: 'the layout file {path} is not valid: {problem}',
    next: 'What may stand where is told in docs/layout-files.md, with three complete files.',
  },
  'unknown-layout': {
    exit: EXIT.usage,
    what: 'there is no layout {name}; did you mean {nearest}?',
    next: 'There are: {known}.',
  },
  'two-dialects': {
    exit: EXIT.usage,
    what: 'the source holds threads of the Python and of the JavaScript runtime',
    next: 'Their rows cannot share a schema. Migrate twice: with --dialect python, and with --dialect js --schema ANOTHER.',
  },
  'nothing-called-so': {
    exit: EXIT.failed,
    what: '{endpoint} holds no key and no thread called "{name}"',
    next: 'Names are exact; cp-migrate detect and cp-migrate threads say what is there.',
  },
  'no-such-checkpoint': {
    exit: EXIT.failed,
    what: 'thread "{threadId}" of {endpoint} has no checkpoint "{checkpointId}"',
    next: 'Ids are exact; cp-migrate inspect without --checkpoint lists those that are there.',
  },
  interrupted: {
    exit: EXIT.interrupted,
    what: 'stopped by Ctrl-C; what was committed stays',
    next: 'Run the same command again: it goes on where it stopped.',
  },
  aborted: {
    exit: EXIT.interrupted,
    what: 'stopped by its caller; what was committed stays',
    next: 'The same call goes on where it stopped.',
  },
  terminated: {
    exit: EXIT.terminated,
    what: 'stopped by a request to end; what was committed stays',
    next: 'Run the same command again: it goes on where it stopped.',
  },
} as const satisfies Record<string, FailureEntry>
