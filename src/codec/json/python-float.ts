/** Prints floats for Python. */

/** Without an exponent where the float is integral: JSONB keeps the `.0`, so that Python reads a float back (from `1e22` it would read an int). */
export function floatText(value: number): string {
  if (!Number.isInteger(value)) return String(value)
  if (Object.is(value, -0)) return '-0.0'
  return `${BigInt(value)}.0`
}

/** As `json.dumps` makes a float a key: `repr`, but for the names of what is no number. */
export function floatKey(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  if (Object.is(value, -0)) return '-0.0'
  const [digits, exponent] = value.toExponential().split('e') as [string, string]
  const power = Number(exponent)
  if (power < -4 || power >= 16) {
    return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
  }
  const fixed = String(value)
  return fixed.includes('.') ? fixed : `${fixed}.0`
}
