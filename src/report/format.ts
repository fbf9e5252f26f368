/** Numbers as people read them: counts with thousands, sizes in powers of 1024, durations in at most two units. */

/** `1,204,331`. */
export const formatCount = (count: number): string => count.toLocaleString('en-US')

/** `1 thread`, `3,410 threads`. */
export const formatCounted = (count: number, noun: string, plural = `${noun}s`): string =>
  `${formatCount(count)} ${count === 1 ? noun : plural}`

const SIZE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

const unitOf = (bytes: number): number => {
  let unit = 0
  while (bytes / 1024 ** unit >= 999.5 && unit < SIZE_UNITS.length - 1) unit += 1
  return unit
}

const inUnit = (bytes: number, unit: number): string => {
  const amount = bytes / 1024 ** unit
  return unit === 0 || amount >= 99.95 ? formatCount(Math.round(amount)) : amount.toFixed(1)
}

/** `4.1 GiB`, `610 MiB`, `512 B`. */
export const formatBytes = (bytes: number): string => {
  const unit = unitOf(bytes)
  return `${inUnit(bytes, unit)} ${SIZE_UNITS[unit]}`
}

/** `2.3 of 4.0 GiB`: both in the unit of the whole. */
export const formatBytesOf = (part: number, whole: number): string => {
  const unit = unitOf(whole)
  return `${inUnit(part, unit)} of ${inUnit(whole, unit)} ${SIZE_UNITS[unit]}`
}

/** `0.4 s`, `40 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return twoUnits(Math.floor(whole / 60), 'min', whole % 60, 's')
  const minutes = Math.round(whole / 60)
  if (minutes < 1440) return twoUnits(Math.floor(minutes / 60), 'h', minutes % 60, 'min')
  const hours = Math.round(minutes / 60)
  return twoUnits(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

const twoUnits = (large: number, largeUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`
