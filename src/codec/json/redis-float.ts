/**
 * Spells floats so that RedisJSON reads them back to the last bit. Its parser (serde_json) takes the digits as one integer, rounds that to
 * a double and divides by a power of ten: two roundings, which miss one in ten of the floats that need 16 or 17 digits.
 */

/** Every smaller integer is a double. */
const EXACT = 2 ** 53
/** The parser's integer has 64 bits. */
const MAX_DIGITS_VALUE = 2 ** 64
/** Powers of ten up to this one are doubles, so that a division by them rounds once, in any parser. */
const EXACT_POWER = 22
const MAX_POWER = 308
/** How many powers of ten are tried. */
const POWERS = 6

/**
 * The shortest spelling, or a longer one, that RedisJSON reads right. Two floats of a thousand have none: then it is that of their neighbour,
 * so that any parser reads what Redis holds. Finite floats only.
 */
export function redisFloat(value: number): string {
  const exact = spelling(value)
  if (exact !== undefined) return exact
  for (const steps of [-1, 1, -2, 2]) {
    const text = spelling(neighbour(value, steps))
    if (text !== undefined) return text
  }
  return shortestOf(value)
}

/** One that every parser reads as this float. */
function spelling(value: number): string | undefined {
  const shortest = shortestOf(value)
  if (parsed(shortest) === value) return shortest
  const text = spelled(Math.abs(value))
  return text !== undefined && value < 0 ? `-${text}` : text
}

/** So many floats further from zero. */
function neighbour(value: number, steps: number): number {
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, value)
  bits.setBigInt64(0, bits.getBigInt64(0) + BigInt(steps))
  return bits.getFloat64(0)
}

/** With a point or an exponent, so that it stays a float. */
function shortestOf(value: number): string {
  if (Object.is(value, -0)) return '-0.0'
  const text = String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}

/** As an integer that is a double, times a power of ten. */
function spelled(size: number): string | undefined {
  const most = Math.floor(Math.log10(MAX_DIGITS_VALUE / size))
  for (let power = Math.min(most, MAX_POWER); power > most - POWERS && power >= -MAX_POWER; power--) {
    const near = scaled(size, power)
    const step = near < EXACT ? 1 : 2 ** (Math.floor(Math.log2(near)) - 52)
    const middle = Math.round(near / step) * step
    for (const steps of [0, 1, -1, 2, -2]) {
      const digits = middle + steps * step
      if (digits <= 0 || digits >= MAX_DIGITS_VALUE || divided(digits, -power) !== size) continue
      const text = `${BigInt(digits)}e${-power}`
      if (Number(text) === size) return text
    }
  }
  return undefined
}

const scaled = (size: number, power: number): number =>
  power >= 0
    ? size * 10 ** Math.min(power, EXACT_POWER) * 10 ** Math.max(power - EXACT_POWER, 0)
    : size / 10 ** -power

/** What the parser makes of a spelling without an overlong integer. */
function parsed(text: string): number {
  const [, sign, whole, fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(text)!
  const digits = BigInt(whole! + fraction)
  if (digits >= 1n << 64n) return Number.NaN
  const size = divided(Number(digits), Number(exponent) - fraction.length)
  return sign === '-' ? -size : size
}

function divided(digits: number, exponent: number): number {
  let value = digits
  let rest = exponent
  for (; rest < -MAX_POWER && value !== 0; rest += MAX_POWER) value /= 1e308
  const power = Number(`1e${Math.abs(rest)}`)
  return rest < 0 ? value / power : value * power
}
