/** What stands in a key or a field, taken apart as deep as it goes: base64 around zlib around a pickle, JSON inside JSON. */
import { deflateSync, gzipSync } from 'node:zlib'
import { sniff } from '../../src/codec/wrappers/sniff.js'
import { unwrap } from '../../src/codec/wrappers/wrapped.js'
import { damaged } from './blunt.js'
import { JSON_TEXT, jsonShape, textOfShape } from './json.js'
import { bytesOf, MSGPACK, shapeOf } from './msgpack.js'
import { changedTokens, type Token, tokensOf } from './pickle-tokens.js'
import type { Random } from './random.js'
import { changed, type Shape } from './shape.js'

export type Content =
  | { readonly kind: 'json'; readonly shape: Shape; readonly inside: readonly Inside[] }
  | { readonly kind: 'msgpack'; readonly shape: Shape }
  | { readonly kind: 'pickle'; readonly tokens: readonly Token[] }
  | { readonly kind: keyof typeof WRAP; readonly inner: Content }
  | { readonly kind: 'bytes'; readonly bytes: Buffer }

/** A JSON string that holds a payload of its own. */
interface Inside {
  readonly leaf: Shape
  readonly content: Content
}

const WRAP = {
  base64: (bytes: Buffer) => Buffer.from(bytes.toString('base64')),
  hex: (bytes: Buffer) => Buffer.from(bytes.toString('hex')),
  decimal: (bytes: Buffer) => Buffer.from([...bytes].join(',')),
  zlib: (bytes: Buffer) => deflateSync(bytes, { level: 1 }),
  gzip: (bytes: Buffer) => gzipSync(bytes, { level: 1 }),
} as const

/** Shorter texts are words, whatever they could be decoded to. */
const MIN_INSIDE = 16

export function contentOf(bytes: Buffer): Content {
  try {
    const encoding = sniff(bytes)
    if (encoding === 'json' && (bytes[0] === 0x7b || bytes[0] === 0x5b)) {
      const shape = jsonShape(bytes)
      return { kind: 'json', shape, inside: insideOf(shape) }
    }
    if (encoding === 'msgpack' && bytes.length > 1) return { kind: 'msgpack', shape: shapeOf(bytes) }
    if (encoding === 'pickle') return { kind: 'pickle', tokens: tokensOf(bytes) }
    if (encoding in WRAP) {
      const wrapping = encoding as keyof typeof WRAP
      return { kind: wrapping, inner: contentOf(unwrap(bytes, wrapping)) }
    }
  } catch {
    // Seeds of hostile fixtures may be broken already.
  }
  return { kind: 'bytes', bytes }
}

function insideOf(shape: Shape): Inside[] {
  if (shape.kind !== 'leaf') return shape.items.flatMap(insideOf)
  if (shape.bytes[0] !== 0x22 || shape.bytes.length < MIN_INSIDE) return []
  const content = contentOf(Buffer.from(JSON.parse(shape.bytes.toString('utf8'))))
  return content.kind === 'bytes' ? [] : [{ leaf: shape, content }]
}

/** Payloads of each kind that lend values to others. */
export interface Pools {
  readonly json: readonly Shape[]
  readonly msgpack: readonly Shape[]
  readonly pickle: readonly (readonly Token[])[]
}

export function poolsOf(contents: readonly Content[]): Pools {
  const pools = { json: [] as Shape[], msgpack: [] as Shape[], pickle: [] as (readonly Token[])[] }
  const take = (content: Content): void => {
    if (content.kind === 'json') {
      pools.json.push(content.shape)
      for (const { content: inner } of content.inside) take(inner)
    } else if (content.kind === 'msgpack') pools.msgpack.push(content.shape)
    else if (content.kind === 'pickle') pools.pickle.push(content.tokens)
    else if (content.kind !== 'bytes') take(content.inner)
  }
  for (const content of contents) take(content)
  return pools
}

export function mutatedContent(content: Content, pools: Pools, random: Random): Buffer {
  if (random.chance(8)) return damaged(bytesOfContent(content, random), random)
  switch (content.kind) {
    case 'json':
      return mutatedJsonContent(content, pools, random)
    case 'msgpack':
      return Buffer.concat(bytesOf(changed(content.shape, pools.msgpack, MSGPACK, random, 1), random))
    case 'pickle':
      return Buffer.concat(changedTokens(content.tokens, pools.pickle, random, 1).map(({ bytes }) => bytes))
    case 'bytes':
      return random.chance(50) ? damaged(content.bytes, random) : Buffer.from(random.pick(WORDS))
    default:
      return WRAP[content.kind](mutatedContent(content.inner, pools, random))
  }
}

const WORDS = [
  '',
  'json',
  'msgpack',
  'pickle',
  'null',
  'bytes',
  'msgpack+aes',
  '0',
  '-1',
  '7',
  'None',
  '__empty__',
  'a:b',
  '1f1e0000-0000-6000-8000-000000000002',
]

function mutatedJsonContent(
  content: Extract<Content, { kind: 'json' }>,
  pools: Pools,
  random: Random,
): Buffer {
  const { shape, inside } = content
  if (inside.length === 0 || random.chance(50))
    return Buffer.from(textOfShape(changed(shape, pools.json, JSON_TEXT, random, 1), random), 'latin1')
  const { leaf, content: inner } = random.pick(inside)
  const text = JSON.stringify(mutatedContent(inner, pools, random).toString('utf8'))
  return Buffer.from(
    textOfShape(withLeaf(shape, leaf, { kind: 'leaf', bytes: Buffer.from(text) }), random),
    'latin1',
  )
}

function withLeaf(shape: Shape, from: Shape, to: Shape): Shape {
  if (shape === from) return to
  if (shape.kind === 'leaf') return shape
  return { ...shape, items: shape.items.map((item) => withLeaf(item, from, to)) }
}

/** As it was. */
export function bytesOfContent(content: Content, random: Random): Buffer {
  switch (content.kind) {
    case 'json':
      return Buffer.from(textOfShape(content.shape, random), 'latin1')
    case 'msgpack':
      return Buffer.concat(bytesOf(content.shape, random))
    case 'pickle':
      return Buffer.concat(content.tokens.map(({ bytes }) => bytes))
    case 'bytes':
      return content.bytes
    default:
      return WRAP[content.kind](bytesOfContent(content.inner, random))
  }
}
