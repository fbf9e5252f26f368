/** Checkpoints, threads and bytes by day; at the end by week or month, so that a chart has some dozens of steps. */
import { dateOfDay, UNDATED } from '../../model/checkpoint-days.js'
import type { Growth, GrowthStep } from '../../model/survey.js'

const DAY_MS = 24 * 3600 * 1000
/** LangGraph did not exist before. */
const FIRST_DAY = Date.UTC(2023, 0, 1) / DAY_MS
const MAX_STEPS = 62

interface Sum {
  checkpoints: number
  newThreads: number
  bytes: number
}

/** At most one entry a day since the first LangGraph. */
export class GrowthCount {
  readonly #days = new Map<number, Sum>()
  #undated = 0
  readonly #lastDay: number

  constructor(nowMs: number) {
    // A clock may be wrong by a day.
    this.#lastDay = Math.floor(nowMs / DAY_MS) + 1
  }

  /** One checkpoint, of which no more is known. */
  checkpoint(day: number): void {
    const sum = this.#days.get(day)
    if (sum === undefined) this.add(day, { checkpoints: 1, newThreads: 0, bytes: 0 })
    else sum.checkpoints++
  }

  add(day: number, { checkpoints, newThreads, bytes }: Readonly<Sum>): void {
    if (day === UNDATED || day < FIRST_DAY || day > this.#lastDay) {
      this.#undated += checkpoints
      return
    }
    let sum = this.#days.get(day)
    if (sum === undefined) {
      sum = { checkpoints: 0, newThreads: 0, bytes: 0 }
      this.#days.set(day, sum)
    }
    sum.checkpoints += checkpoints
    sum.newThreads += newThreads
    sum.bytes += bytes
  }

  result(): Growth {
    const days = [...this.#days.keys()].sort((a, b) => a - b)
    const [first] = days
    const last = days.at(-1)
    const undated = this.#undated
    if (first === undefined || last === undefined) return { step: 'day', steps: [], undated }
    const span = last - first + 1
    const step = span <= MAX_STEPS ? 'day' : span <= MAX_STEPS * 7 ? 'week' : 'month'
    const sums = new Map<number, Sum>()
    for (let day = startOf(first, step); day <= last; day = nextOf(day, step)) {
      sums.set(day, { checkpoints: 0, newThreads: 0, bytes: 0 })
    }
    for (const [day, sum] of this.#days) {
      const into = sums.get(startOf(day, step))!
      into.checkpoints += sum.checkpoints
      into.newThreads += sum.newThreads
      into.bytes += sum.bytes
    }
    const steps: GrowthStep[] = [...sums].map(([day, sum]) => ({
      from: dateOfDay(day),
      ...sum,
      bytes: Math.round(sum.bytes),
    }))
    return { step, steps, undated }
  }
}

/** 1970-01-01 was a Thursday; weeks begin on Mondays. */
const startOf = (day: number, step: Growth['step']): number => {
  if (step === 'day') return day
  if (step === 'week') return day - ((day + 3) % 7)
  const date = new Date(day * DAY_MS)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) / DAY_MS
}

function nextOf(day: number, step: Growth['step']): number {
  if (step === 'day') return day + 1
  if (step === 'week') return day + 7
  const date = new Date(day * DAY_MS)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) / DAY_MS
}
