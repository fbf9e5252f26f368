/** Reads sizes and durations as people write them: `48MB`, `2 GiB`, `30d`, `1h30m`. */

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
}
const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** Bytes, or null where the text is no size. As in Postgres and Redis, `MB` is 1024² bytes, and so is `MiB`. */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim())
  if (match === null) return null
  const bytes = Math.round(Number(match[1]) * SIZE_UNITS[match[2]!.toLowerCase()]!)
  return Number.isSafeInteger(bytes) ? bytes : null
}

/** `2000` is keys a second, `20MB` bytes a second; null where the text is neither. */
export function parseRate(
  text: string,
): { readonly keysPerSecond: number } | { readonly bytesPerSecond: number } | null {
  const amount = parseSize(text.replace(/\/s$/, ''))
  if (amount === null || amount === 0) return null
  return /^\d+(\/s)?$/.test(text.trim()) ? { keysPerSecond: amount } : { bytesPerSecond: amount }
}

/** Milliseconds, or null where the text is no duration. A number needs its unit: nobody should have to guess it. */
export function parseDuration(text: string): number | null {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)\s*(ms|[smhdw])\s*/gy)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text.trim()) return null
  const ms = parts.reduce((sum, [, count, unit]) => sum + Number(count) * DURATION_UNITS[unit!]!, 0)
  return Number.isSafeInteger(Math.round(ms)) ? Math.round(ms) : null
}
