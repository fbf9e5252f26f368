/** Counts checkpoints by the day in their ids, as cheaply as it gets: once a checkpoint, whatever the database holds. */

/** 100-nanosecond steps between 1582-10-15, where UUID time begins, and 1970. */
const GREGORIAN_TO_UNIX = 0x01b21dd213814000
/** The first 12 digits leave out the last 12 bits. */
const STEP_MS = 4096 / 10_000
const DAY_MS = 24 * 3600 * 1000
export const UNDATED = -1

/** Days since 1970; `UNDATED` where the id is no version 6 UUID. */
export function dayOfUuid6(id: string): number {
  if (id.length !== 36 || id[14] !== '6' || id[8] !== '-') return UNDATED
  const steps = Number(`0x${id.slice(0, 8)}${id.slice(9, 13)}`)
  const day = Math.floor((steps * STEP_MS - GREGORIAN_TO_UNIX / 10_000) / DAY_MS)
  return day >= 0 ? day : UNDATED
}

export class CheckpointDays {
  readonly days = new Map<number, number>()

  add(checkpointId: string): void {
    const day = dayOfUuid6(checkpointId)
    this.days.set(day, (this.days.get(day) ?? 0) + 1)
  }
}

/** `2026-11-20` */
export const dateOfDay = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10)
