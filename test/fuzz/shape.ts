/** Payloads of formats that nest, taken apart: what is swapped, doubled, dropped or replaced is a whole value. */
import type { Random } from './random.js'

/** Keys and values of a map alternate; an object is what a format wraps around a value. */
export type Shape =
  | { readonly kind: 'leaf'; readonly bytes: Buffer }
  | { readonly kind: 'list' | 'map' | 'object'; readonly code: number; readonly items: readonly Shape[] }

/** What a format says about its own values. */
export interface Dialect {
  /** A scalar, often like the one given. */
  leaf(old: Buffer, random: Random): Buffer
  /** A scalar that may be a key. */
  key(random: Random): Buffer
}

/** One change or more, each of a value somewhere inside. `pool` lends values of other payloads. */
export function changed(
  shape: Shape,
  pool: readonly Shape[],
  dialect: Dialect,
  random: Random,
  most = 4,
): Shape {
  let result = shape
  for (let times = 1 + random.below(most); times > 0; times--) {
    result = changeAt(result, random.below(weight(result)), { pool, dialect, random })
  }
  return result
}

interface Tools {
  readonly pool: readonly Shape[]
  readonly dialect: Dialect
  readonly random: Random
}

/** Values in it, itself included. */
function weight(shape: Shape): number {
  return shape.kind === 'leaf' ? 1 : shape.items.reduce((sum, item) => sum + weight(item), 1)
}

/** Changes the value that is `place` values after the beginning. */
function changeAt(shape: Shape, place: number, tools: Tools): Shape {
  if (place === 0 || shape.kind === 'leaf') return change(shape, tools)
  let before = 1
  for (const [at, item] of shape.items.entries()) {
    const size = weight(item)
    if (place < before + size) {
      const items = [...shape.items]
      const isKey = shape.kind === 'map' && at % 2 === 0
      items[at] =
        isKey && tools.random.chance(90) ? keyFor(item, tools) : changeAt(item, place - before, tools)
      return { ...shape, items }
    }
    before += size
  }
  return shape
}

const keyFor = (old: Shape, { dialect, random, pool }: Tools): Shape => {
  if (random.chance(40)) return { kind: 'leaf', bytes: dialect.key(random) }
  const other = somewhere(random.pick(pool), random, 'map')
  return other.kind === 'map' && other.items.length > 0
    ? other.items[random.below(other.items.length / 2) * 2]!
    : old
}

function change(shape: Shape, tools: Tools): Shape {
  const { random, pool, dialect } = tools
  const choice = random.below(100)
  if (choice < 12) return somewhere(random.pick(pool), random)
  if (choice < 16) return { kind: 'list', code: 0, items: random.chance(50) ? [shape] : [shape, shape] }
  if (shape.kind === 'leaf') return { kind: 'leaf', bytes: dialect.leaf(shape.bytes, random) }
  const unit = shape.kind === 'map' ? 2 : 1
  const count = Math.floor(shape.items.length / unit)
  if (shape.kind === 'object') return choice < 40 ? shape.items[0]! : { ...shape, code: random.below(9) }
  if (count === 0)
    return {
      ...shape,
      items: [somewhere(random.pick(pool), random)].flatMap((item) =>
        unit === 2 ? [{ kind: 'leaf' as const, bytes: dialect.key(random) }, item] : [item],
      ),
    }
  const at = random.below(count) * unit
  const other = random.below(count) * unit
  const items = [...shape.items]
  const member = items.slice(at, at + unit)
  if (choice < 40) items.splice(at, unit)
  else if (choice < 60) items.splice(other, 0, ...member)
  else if (choice < 75)
    [items[at + unit - 1], items[other + unit - 1]] = [items[other + unit - 1]!, items[at + unit - 1]!]
  else if (choice < 85)
    items.splice(
      other,
      0,
      ...(unit === 2 ? [{ kind: 'leaf' as const, bytes: dialect.key(random) }] : []),
      somewhere(random.pick(pool), random),
    )
  else if (choice < 90 && items.length < 64) items.push(...items)
  else if (shape.kind === 'map') return { ...shape, kind: 'list' }
  else return { ...shape, kind: items.length % 2 === 0 ? 'map' : 'list' }
  return { ...shape, items }
}

/** A value from anywhere inside; of one kind, if there is one on the way. */
function somewhere(shape: Shape, random: Random, kind?: Shape['kind']): Shape {
  let at = shape
  while (at.kind !== 'leaf' && at.items.length > 0 && (kind !== undefined || random.chance(75))) {
    if (at.kind === kind && random.chance(60)) return at
    at = random.pick(at.items)
  }
  return at
}
