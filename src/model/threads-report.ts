/** The threads of one end as a list for people: how large each is, when it was last written, whether somebody has to answer it. */
import type { EndpointNote, REPORT_SCHEMA_VERSION } from './report.js'

/**
 * By the newest checkpoint of the root graph. `waiting`: at an interrupt; `failed`: a task noted an error; `unfinished`: a node is due
 * to run (it is at work, was stopped, or waits at a breakpoint); `done`: none of these. Null: the root graph has no checkpoint.
 */
export type ThreadState = 'waiting' | 'failed' | 'unfinished' | 'done' | null

export interface ListedThread {
  readonly threadId: string
  /** Ids of the Redis layouts that wrote it; empty in Postgres. */
  readonly layouts: readonly string[]
  /** Whose saver reads it; null where nothing tells. */
  readonly dialect: 'python' | 'js' | null
  readonly namespaces: number
  readonly checkpoints: number
  /** ISO 8601; null where nothing tells. */
  readonly lastAt: string | null
  /** In Redis memory, in a snapshot the bytes of its values; in Postgres its columns as stored, compressed. Null: the server does not say. */
  readonly bytes: number | null
  readonly state: ThreadState
}

export const THREAD_ORDERS = ['id', 'last', 'size', 'checkpoints'] as const
export type ThreadOrder = (typeof THREAD_ORDERS)[number]

export interface ThreadsReport {
  readonly schemaVersion: typeof REPORT_SCHEMA_VERSION
  readonly command: 'threads'
  /** ISO 8601. */
  readonly startedAt: string
  readonly endpoint: EndpointNote
  readonly engine: 'redis' | 'postgres'
  readonly sort: ThreadOrder
  /** Threads that the filters let through; `threads` lists the first of them. */
  readonly matching: number
  /** All there are. */
  readonly total: number
  /** Of those that match: checkpoints, and bytes where they are known. */
  readonly checkpoints: number
  readonly bytes: number
  readonly waiting: number
  readonly threads: readonly ListedThread[]
}

/** Largest and newest first, ids from A; what is unknown comes last. Ids decide between equals. */
export function threadOrder(sort: ThreadOrder): (a: ListedThread, b: ListedThread) => number {
  const byId = (a: ListedThread, b: ListedThread): number => (a.threadId < b.threadId ? -1 : 1)
  const rank: Readonly<Record<ThreadOrder, (thread: ListedThread) => number>> = {
    id: () => 0,
    last: ({ lastAt }) => (lastAt === null ? -1 : Date.parse(lastAt)),
    size: ({ bytes }) => bytes ?? -1,
    checkpoints: ({ checkpoints }) => checkpoints,
  }
  const of = rank[sort]
  return (a, b) => of(b) - of(a) || byId(a, b)
}
