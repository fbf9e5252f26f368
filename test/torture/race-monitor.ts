/** What happened to each thread of a race and in which order, from the list of commands that the server itself keeps. */

/** One command as MONITOR shows it. */
export interface Command {
  /** Seconds since 1970, to the microsecond. */
  readonly time: number
  readonly args: readonly string[]
  /** Address of the client; `lua` for what a script does. */
  readonly source: string
}

/** Threads by what happened to them in one lap. */
export interface Lap {
  /** The application wrote after the purge had looked, and before it deleted the thread or tried to. */
  readonly before: ReadonlySet<string>
  /** It wrote after the thread had been deleted. */
  readonly after: ReadonlySet<string>
  /** Of `before`: purged all the same. Only a new time to live, or keys that the delete did not touch, may be the cause. */
  readonly unseen: ReadonlySet<string>
  readonly purged: ReadonlySet<string>
  readonly left: ReadonlySet<string>
}

const WRITES = new Set(['JSON.SET', 'JSON.MERGE', 'SET', 'ZADD', 'EXPIRE', 'PERSIST', 'DEL'])

/** `commands` begin before the purge does. Threads are named in a way that is found in every key: see `Field`. */
export function lapOf(commands: readonly Command[], threads: ReadonlySet<string>): Lap {
  let plannedAt = Number.POSITIVE_INFINITY
  const written = new Map<string, number[]>()
  const tried = new Map<string, number>()
  const deleted = new Map<string, number>()
  for (const { time, args, source } of commands) {
    const name = args[0]?.toUpperCase() ?? ''
    if (name === 'SCAN') plannedAt = Math.min(plannedAt, time)
    const named = threadsIn(args).filter((thread) => threads.has(thread))
    if (source === 'lua') {
      if (name === 'UNLINK') for (const thread of named) deleted.set(thread, deleted.get(thread) ?? time)
    } else if (name === 'EVALSHA' || name === 'EVAL') {
      for (const thread of named) tried.set(thread, time)
    } else if (WRITES.has(name)) {
      for (const thread of named) written.set(thread, [...(written.get(thread) ?? []), time])
    }
  }
  const lap = { before: new Set<string>(), after: new Set<string>(), unseen: new Set<string>() }
  const [purged, left] = [new Set<string>(), new Set<string>()]
  for (const thread of threads) {
    const deletedAt = deleted.get(thread)
    const until = deletedAt ?? tried.get(thread) ?? Number.POSITIVE_INFINITY
    const times = (written.get(thread) ?? []).filter((time) => time > plannedAt)
    const isBefore = times.some((time) => time < until)
    if (deletedAt === undefined) left.add(thread)
    else purged.add(thread)
    if (isBefore) lap.before.add(thread)
    if (isBefore && deletedAt !== undefined) lap.unseen.add(thread)
    if (deletedAt !== undefined && times.some((time) => time > deletedAt)) lap.after.add(thread)
  }
  return { ...lap, purged, left }
}

const threadsIn = (args: readonly string[]): string[] => [
  ...new Set(args.slice(1).flatMap((arg) => /race:[a-z]+\d+/.exec(arg.slice(0, 200))?.[0] ?? [])),
]
