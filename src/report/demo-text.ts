/** What the demo says between its commands, for somebody who sees all this for the first time. */
import type { Tree } from '../model/value.js'
import { formatCounted } from './format.js'
import { conversationLines, conversationOf } from './inspect/messages.js'
import type { Style } from './style.js'
import { wrapText } from './wrap.js'

/** A command of the demo and why it comes now. */
export interface DemoStep {
  /** Words of the command line; the two ends are added by themselves. */
  readonly words: readonly string[]
  readonly title: string
  readonly why: string
}

export const DEMO_STEPS: readonly DemoStep[] = [
  {
    words: ['doctor'],
    title: 'Is anything in the way?',
    why: 'Before anything is moved, both ends are looked at for what bites later. The source here is a snapshot of a Redis, as managed services export it; the target is a Postgres in a folder of its own. Nothing else of your machine is touched.',
  },
  {
    words: ['migrate', '--dry-run'],
    title: 'What would happen?',
    why: 'A dry run reads, decodes and encodes everything and writes nothing. It recognises which saver wrote what, here two of them, and names what it cannot move: one payload was cut off in the middle, years ago. It stays in Redis, and the rest goes on.',
  },
  {
    words: ['init'],
    title: 'Make the tables',
    why: "Exactly those that the official saver's setup() makes, and a ledger in a schema of its own that remembers every row we write.",
  },
  {
    words: ['migrate'],
    title: 'Move the threads',
    why: 'Whole threads or none, each batch together with its entry in the ledger. Killed at any point, the same command goes on where it stopped.',
  },
  {
    words: ['verify'],
    title: 'Prove it',
    why: 'Both sides are read again, by readers that know nothing of the writer, and every value is compared. Exit code 3 or 4 would tell a pipeline that something is left.',
  },
]

export const LAST_STEP: DemoStep = {
  words: ['rollback'],
  title: 'And back',
  why: 'What a run wrote can be taken out again, and only that. Without --yes it is a plan:',
}

export const demoOpening = (columns: number): string =>
  `${wrapText(
    'A small shop has run its support agent on LangGraph with checkpoints in Redis. Redis is full, so the team moves to Postgres, and wants to keep every conversation. This is the whole way, on a sample, in less than a minute.',
    columns,
    { first: '' },
  ).join('\n')}\n`

export function stepText(step: DemoStep, at: number, { columns, style }: Look): string {
  const why = wrapText(step.why, columns, { first: '' }).map(style.faint)
  const line = style.strong(`$ cp-migrate ${step.words.join(' ')}`)
  return `\n${style.strong(`${at}. ${step.title}`)}\n${why.join('\n')}\n\n${line}\n`
}

/** A conversation as it stands in the target now. */
export function readBackText(
  {
    threadId,
    messages,
    waiting,
  }: { readonly threadId: string; readonly messages: Tree; readonly waiting: number },
  at: number,
  { columns, style }: Look,
): string {
  const conversation = conversationOf(messages) ?? []
  const lines = conversationLines(`thread ${threadId}`, conversation, { columns, full: true })
  const title = style.strong(`${at}. Read a conversation out of Postgres`)
  const interrupts =
    waiting === 0
      ? []
      : wrapText(
          `${formatCounted(waiting, 'interrupt')} waits for a human's answer: with PostgresSaver in place of RedisSaver, the application resumes it from here.`,
          columns,
          { first: '  ' },
        )
  return `\n${title}\n${[...lines, ...interrupts].join('\n')}\n`
}

export const demoEnd = (kept: string | null, { columns, style }: Look): string =>
  `\n${style.good('✓')} That was it. ${wrapText(
    kept === null ? 'The folder is gone again.' : `The database stays in ${kept}.`,
    columns,
    { first: '' },
  ).join(
    '\n',
  )}\nNext  ${style.strong('cp-migrate detect --redis redis://HOST:6379/0')}\n      what is in a Redis of yours; it is only read\n`

interface Look {
  readonly columns: number
  readonly style: Style
}
