/** What ormsgpack makes of an object that is a dict's key: it has no extension types there, only texts and plain values. */
import type { ObjectHead, Tree } from '../../model/value.js'

/** Classes of one argument that are no enums: ormsgpack refuses them as keys. */
const NOT_ENUMS: ReadonlySet<string> = new Set([
  'builtins',
  'collections',
  'decimal',
  'ipaddress',
  'zoneinfo',
  'pydantic',
  'pydantic.types',
])

/**
 * The key that stands for an object (ormsgpack 1.13 with OPT_NON_STR_KEYS): the ISO text of a date or time, the dashed text of a
 * UUID, the value of an enum member (`'itself'`: the body as it was written). Undefined where ormsgpack refuses the dict.
 */
export function keyOf(head: ObjectHead, body: Tree): string | 'itself' | undefined {
  const name = `${head.module}.${head.name}`
  if (name === 'datetime.datetime') return datetimeText(body)
  if (name === 'datetime.date') return dateText(body)
  if (name === 'datetime.time') return timeText(body)
  if (name === 'uuid.UUID') return uuidText(body)
  return head.form === 'single-argument' && !NOT_ENUMS.has(head.module) ? 'itself' : undefined
}

/** ormsgpack leaves the seconds of an offset out. */
const datetimeText = (body: Tree): string | undefined =>
  body.kind === 'text' ? body.utf8.toString().replace(/([+-]\d\d:\d\d):\d\d(\.\d+)?$/, '$1') : undefined

function dateText(body: Tree): string | undefined {
  if (body.kind !== 'list' && body.kind !== 'tuple') return undefined
  const [year, month, day] = body.items.map(intOf)
  if (year === undefined || month === undefined || day === undefined) return undefined
  return `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}`
}

/** A time with a zone is refused. */
function timeText(body: Tree): string | undefined {
  if (body.kind !== 'map') return undefined
  const fields = new Map(
    body.entries.map(([key, value]) => [key.kind === 'text' ? key.utf8.toString() : '', value]),
  )
  if (fields.get('tzinfo')?.kind !== 'null') return undefined
  const parts = ['hour', 'minute', 'second'].map((unit) => digits(intOf(fields.get(unit)) ?? 0, 2))
  const microsecond = intOf(fields.get('microsecond')) ?? 0
  return parts.join(':') + (microsecond === 0 ? '' : `.${digits(microsecond, 6)}`)
}

function uuidText(body: Tree): string | undefined {
  if (body.kind !== 'text' || body.utf8.length !== 32) return undefined
  return body.utf8.toString().replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

const intOf = (tree: Tree | undefined): number | undefined =>
  tree?.kind === 'int' ? Number(tree.value) : undefined
const digits = (value: number, count: number): string => String(value).padStart(count, '0')
