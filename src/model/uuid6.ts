/** The time inside a version 6 UUID: LangGraph's checkpoint ids are such, and sort by it. */

const UUID6 = /^([0-9a-f]{8})-([0-9a-f]{4})-6([0-9a-f]{3})-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i
/** 100-nanosecond steps between 1582-10-15, where UUID time begins, and 1970. */
const GREGORIAN_TO_UNIX = 0x01b21dd213814000n
/** LangGraph did not exist before. */
const PLAUSIBLE_FROM_MS = Date.UTC(2023, 0, 1)
const DAY_MS = 24 * 3600 * 1000

/** Milliseconds since 1970; null where the id is none, or names a time that cannot be (before LangGraph, or over a day from now). */
export function timeOfUuid6(id: string, nowMs: number): number | null {
  const parts = UUID6.exec(id)
  if (parts === null) return null
  const steps = BigInt(`0x${parts[1]}${parts[2]}${parts[3]}`)
  const ms = Number((steps - GREGORIAN_TO_UNIX) / 10_000n)
  return ms >= PLAUSIBLE_FROM_MS && ms <= nowMs + DAY_MS ? ms : null
}
