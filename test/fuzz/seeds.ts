/** What the fuzzer begins with: the fixtures' own payloads, small ones, beside those that the peer makes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { msgpackValue } from '../../src/codec/msgpack/read.js'
import { treeOf } from '../../src/codec/tree.js'
import { unwrapAll } from '../../src/codec/wrappers/sniff.js'
import { fixtures } from '../corpus/cases.js'
import { type Key, keysOf } from '../layouts/read-case.js'

const FIXTURES = join(import.meta.dirname, '..', '..', 'fixtures')
const MAX_BYTES = 3000
const MAX_SEEDS = 150

export interface Seeds {
  readonly pickles: readonly Buffer[]
  readonly msgpacks: readonly Buffer[]
  readonly pythonJsons: readonly Buffer[]
  readonly jsJsons: readonly Buffer[]
}

export function seedsOfFixtures(): Seeds {
  const found = { pickle: [] as Buffer[], msgpack: [] as Buffer[], json: [] as Buffer[] }
  const js: Buffer[] = []
  for (const from of fixtures()) {
    for (const bytes of keysOf(from).flatMap(contentsOf)) {
      if (bytes.length > MAX_BYTES || bytes.length < 2) continue
      if (from.family === 'js') js.push(...(isObject(bytes) ? [bytes] : []))
      else {
        const { encoding, bytes: inner } = unwrapped(bytes)
        if (encoding === 'pickle' || encoding === 'json' || encoding === 'msgpack')
          found[encoding].push(inner)
      }
    }
  }
  const lines = readFileSync(join(FIXTURES, 'codec', 'msgpack.jsonl'), 'utf8')
    .trim()
    .split('\n')
  const msgpacks = lines.map((line): Buffer => Buffer.from(JSON.parse(line).msgpack, 'base64'))
  return {
    pickles: some(found.pickle),
    msgpacks: [...msgpacks, ...some(found.msgpack)].filter(isMsgpack),
    pythonJsons: some(found.json.filter(isObject)),
    jsJsons: some(js),
  }
}

function contentsOf({ value }: Key): readonly Buffer[] {
  switch (value.type) {
    case 'string':
      return [value.bytes]
    case 'ReJSON-RL':
      return [value.text]
    case 'hash':
      return value.fields.map(([, content]) => content)
    case 'list':
      return value.items
    default:
      return []
  }
}

function unwrapped(bytes: Buffer): { readonly encoding: string; readonly bytes: Buffer } {
  try {
    return unwrapAll(bytes)
  } catch {
    return { encoding: 'unknown', bytes }
  }
}

const isObject = (bytes: Buffer): boolean => bytes[0] === 0x7b || bytes[0] === 0x5b

function isMsgpack(bytes: Buffer): boolean {
  try {
    treeOf(msgpackValue(bytes))
    return true
  } catch {
    return false
  }
}

/** Evenly from all of them, each once. */
function some(all: readonly Buffer[]): Buffer[] {
  const distinct = [...new Map(all.map((bytes) => [bytes.toString('latin1'), bytes])).values()]
  const step = Math.max(1, distinct.length / MAX_SEEDS)
  return Array.from(
    { length: Math.min(MAX_SEEDS, distinct.length) },
    (_, i) => distinct[Math.floor(i * step)]!,
  )
}
