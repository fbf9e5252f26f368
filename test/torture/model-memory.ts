/** What must be so after each step, by what was so before it: a plain memory of checkpoints and of who gave them up. */
import type { Done, Seen } from './model-lab.js'
import type { Step } from './model-steps.js'

const nameOf = ({ thread, ns, id }: Pick<Seen, 'thread' | 'ns' | 'id'>): string => `${thread} ${ns} ${id}`

export class Remembered {
  private before = new Map<string, Seen>()
  /** Checkpoints that need to be nowhere: gone from Redis by time or by the application before they, as they were then, came to Postgres. */
  private readonly givenUp = new Set<string>()
  /** Deleted from Redis by a purge: no rollback may take their rows. */
  private readonly purged = new Set<string>()
  /** Written to Postgres by the application: nobody of ours may touch them. */
  private readonly theirs = new Set<string>()

  /** What is not as it should be. */
  after(step: Step, done: Done, seen: readonly Seen[]): string[] {
    this.learn(step, done, seen)
    const broken: string[] = []
    for (const entry of seen) {
      if (entry.redis === 'equal' || entry.postgres === 'equal' || this.givenUp.has(nameOf(entry))) continue
      if (entry.redis !== 'other' && namedIn(done.report, entry)) continue
      broken.push(
        `${nameOf(entry)} is neither in Redis nor in Postgres: ${JSON.stringify(entry).slice(0, 700)}`,
      )
    }
    if (step.do === 'migrate' && done.exit === 0) {
      for (const entry of seen) {
        if (entry.redis !== 'equal' || entry.postgres === 'equal') continue
        broken.push(
          `migrate ended with 0 and left ${nameOf(entry)} behind: ${JSON.stringify(entry).slice(0, 700)}`,
        )
      }
    }
    this.before = new Map(seen.map((entry) => [nameOf(entry), entry]))
    return broken
  }

  private learn(step: Step, done: Done, seen: readonly Seen[]): void {
    if (step.do === 'go-on' && done.at !== null) {
      const [ns, id] = done.at
      this.theirs.add(nameOf({ thread: step.thread, ns, id }))
    }
    for (const entry of seen) {
      const name = nameOf(entry)
      const before = this.before.get(name)
      if (entry.redis === 'equal' && step.do !== 'rollback') this.purged.delete(name)
      if (before === undefined || before.redis === 'absent') {
        this.rolledBack(step, name, before, entry)
        continue
      }
      if (entry.redis !== 'absent') continue
      if (step.do === 'purge') this.purged.add(name)
      // Time, or the place that a shallow saver has given to the next one.
      else if (before.postgres !== 'equal') this.givenUp.add(name)
    }
  }

  /** A rollback takes the rows it is asked to take: of a checkpoint that Redis has let go by itself nothing is left then. */
  private rolledBack(step: Step, name: string, before: Seen | undefined, entry: Seen): void {
    if (step.do !== 'rollback' || before === undefined || this.purged.has(name) || this.theirs.has(name))
      return
    if (before.postgres === 'equal' && entry.postgres !== 'equal') this.givenUp.add(name)
  }
}

/** Whether a report says something of the thread. */
const namedIn = (report: unknown, { thread }: Seen): boolean =>
  JSON.stringify(report ?? '').includes(`"${thread}"`)
