/** The text of `datetime.isoformat()`, told from the arguments of a datetime's constructor. */
import type { Tree } from '../../model/value.js'

/** Undefined where the arguments are none that a datetime of a plain offset has. */
export function isoOf(args: Tree): string | undefined {
  if (args.kind !== 'list' && args.kind !== 'tuple') return undefined
  const [zone, ...rest] = args.items.slice(7)
  const numbers = args.items.slice(0, 7).map(integerOf)
  if (numbers.length < 3 || rest.length > 0 || numbers.some((number) => number === undefined))
    return undefined
  const [year, month, day, hour = 0, minute = 0, second = 0, micros = 0] = numbers as number[]
  const offset = zone === undefined || zone.kind === 'null' ? '' : offsetOf(zone)
  if (offset === undefined) return undefined
  const date = `${padded(year!, 4)}-${padded(month!)}-${padded(day!)}`
  return `${date}T${padded(hour)}:${padded(minute)}:${padded(second)}${fraction(micros)}${offset}`
}

/** Of a `timezone` without a name. */
function offsetOf(zone: Tree): string | undefined {
  const [delta, ...names] = argumentsOf(zone, 'timezone') ?? []
  const parts = delta && argumentsOf(delta, 'timedelta')?.map(integerOf)
  if (parts === undefined || names.length > 0 || parts.length > 3) return undefined
  if (parts.some((part) => part === undefined)) return undefined
  const [days = 0, seconds = 0, micros = 0] = parts as number[]
  const total = (days * 86_400 + seconds) * MILLION + micros
  const size = Math.abs(total)
  const whole = Math.floor(size / MILLION)
  const rest =
    whole % 60 === 0 && size % MILLION === 0 ? '' : `:${padded(whole % 60)}${fraction(size % MILLION)}`
  return `${total < 0 ? '-' : '+'}${padded(Math.floor(whole / 3600))}:${padded(Math.floor(whole / 60) % 60)}${rest}`
}

function argumentsOf(tree: Tree, name: string): readonly Tree[] | undefined {
  if (tree.kind !== 'object' || tree.body.kind !== 'list') return undefined
  const { form, module, name: found } = tree.head
  return form === 'positional' && module === 'datetime' && found === name ? tree.body.items : undefined
}

const integerOf = (tree: Tree): number | undefined =>
  tree.kind === 'int' && typeof tree.value === 'number' ? tree.value : undefined

const MILLION = 1_000_000
const padded = (value: number, size = 2): string => String(value).padStart(size, '0')
const fraction = (micros: number): string => (micros === 0 ? '' : `.${padded(micros, 6)}`)
