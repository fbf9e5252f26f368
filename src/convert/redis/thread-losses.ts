/** What of a thread the Redis saver will give back in another form: one finding, with counts. */
import type { Finding } from '../../model/finding.js'

/** The rest is one number: a thread may hold objects of many classes. */
const MOST_PHRASES = 12

export class ThreadLosses {
  private threadId = ''
  private readonly values = new Set<string>()
  private readonly counts = new Map<string, number>()

  /** Threads come one after the other. `value` names one of the thread; told again it does not count. */
  add(threadId: string, value: string, losses: ReadonlyMap<string, number>): void {
    if (threadId !== this.threadId) this.forget(threadId)
    if (this.values.has(value)) return
    this.values.add(value)
    for (const [what, count] of losses) this.counts.set(what, (this.counts.get(what) ?? 0) + count)
  }

  /** Undefined where nothing is lost. */
  finding(threadId: string): Finding | undefined {
    if (threadId !== this.threadId || this.counts.size === 0) return undefined
    const all = [...this.counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    const phrases = all.slice(0, MOST_PHRASES).map(([what, count]) => `${count} × ${what}`)
    const rest = all.slice(MOST_PHRASES).reduce((sum, [, count]) => sum + count, 0)
    const detail = [...phrases, ...(rest === 0 ? [] : [`${rest} more`])].join('; ')
    return { reason: 'other-form-in-redis', threadId, detail }
  }

  private forget(threadId: string): void {
    this.threadId = threadId
    this.values.clear()
    this.counts.clear()
  }
}
