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

/** The shortest spelling that is read right; the plain shortest where none was found. Finite floats only. */
export function redisFloat(value: number): string {
  const shortest = shortestOf(value)
  if (parsed(shortest) === value) return shortest
  const size = Math.abs(value)
  const most = Math.floor(Math.log10(MAX_DIGITS_VALUE / size))
  for (let power = Math.min(most, MAX_POWER); power > most - 6 && power >= -MAX_POWER; power--) {
    const text = spelled(size, power)
    if (text !== undefined) return value < 0 ? `-${text}` : text
  }
  return shortest
}

/** With a point or an exponent, so that it stays a float. */
function shortestOf(value: number): string {
  if (Object.is(value, -0)) return '-0.0'
  const text = String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}

/** `size` as an integer that is a double, times ten to the minus `power`. */
function spelled(size: number, power: number): string | undefined {
  const near = scaled(size, power)
  const step = near < EXACT ? 1 : 2 ** (Math.floor(Math.log2(near)) - 52)
  const middle = Math.round(near / step) * step
  for (const steps of [0, 1, -1, 2, -2]) {
    const digits = middle + steps * step
    if (digits <= 0 || digits >= MAX_DIGITS_VALUE) continue
    const text = `${BigInt(digits)}e${-power}`
    if (Number(text) === size && divided(digits, -power) === size) return text
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
