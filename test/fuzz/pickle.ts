/** Pickles: our machine beside CPython's, in which everything that is named is inert; and the value that comes of the graph. */
import { DecodeError, EncodeError } from '../../src/codec/bytes.js'
import { MsgpackWriter } from '../../src/codec/msgpack/write.js'
import { isCompound, type PickleNode } from '../../src/codec/pickle/node.js'
import { readPickle } from '../../src/codec/pickle/read.js'
import { pickleValue } from '../../src/codec/pickle/value.js'
import { damaged } from './blunt.js'
import { changedTokens, type Token, tokensOf } from './pickle-tokens.js'
import type { Random } from './random.js'
import { Speller } from './spelled.js'
import type { Outcome, Target } from './target.js'

const WRITER = new MsgpackWriter({ maxBytes: 1 << 24 })
const MAX_DEPTH = 3000
const MAX_NODES = 400_000

export function pickleTarget(seeds: readonly Buffer[]): Target {
  const pool = seeds.map(tokensOf)
  return {
    name: 'pickle',
    peer: 'p',
    payload: (random) => mutatedPickle(pool, random),
    read: readWhole,
    meant: { oursAlone: OURS_ALONE, theirsAlone: THEIRS_ALONE },
  }
}

/** Calls of what a call gave, of which nothing is made. */
const OURS_ALONE = /object is not callable|NEWOBJ class argument must be a type/
/** What no pickler writes: numbers with spaces in them, marks left over, memo indexes far beyond the memo, a list's item set by its index. */
const THEIRS_ALONE =
  /^(an integer of \d+ (bytes|digits)|a second state for one object|an integer that is none|a float that is none|a memo index that is none|a mark is left|a class name that is not UTF-8|memo index \d+ in|(items|members|entries|a state) for a)/

export function mutatedPickle(pool: readonly (readonly Token[])[], random: Random): Buffer {
  const bytes = Buffer.concat(changedTokens(random.pick(pool), pool, random).map(({ bytes }) => bytes))
  return random.chance(20) ? damaged(bytes, random) : bytes
}

function readWhole(payload: Buffer): Outcome {
  let node: PickleNode
  try {
    node = readPickle(payload)
  } catch (error) {
    if (error instanceof DecodeError) return { state: 'refused', reason: error.message }
    throw error
  }
  const state = isEmitted(node) ? 'decoded' : 'understood'
  const speller = new GraphSpeller()
  try {
    speller.node(node, 0)
  } catch (error) {
    if (error instanceof EncodeError) return { state }
    throw error
  }
  return { state, spelling: speller.result() }
}

/** Decoding and writing the value may refuse, with a reason, and do nothing else. */
function isEmitted(node: PickleNode): boolean {
  WRITER.reset()
  try {
    pickleValue(node).emit(WRITER)
    return true
  } catch (error) {
    if (error instanceof EncodeError) return true
    if (error instanceof DecodeError) return false
    throw error
  }
}

/** Spells the graph itself, so that calls are seen whatever is made of them later. */
class GraphSpeller extends Speller {
  private nodes = 0

  node(node: PickleNode, depth: number): void {
    if (!isCompound(node)) {
      this.leaf(node)
      return
    }
    if (depth > MAX_DEPTH || ++this.nodes > MAX_NODES)
      throw new EncodeError('too much to compare', 'too-large')
    if (node.kind === 'object') {
      this.object(node.how)
      this.node(node.callable, depth + 1)
      this.all(node.args, depth)
      if (node.kwargs === undefined) this.null()
      else this.node(node.kwargs, depth + 1)
      if (node.state === undefined) this.null()
      else this.tuple(node.state, depth)
      this.all(node.items, depth)
      this.all(node.entries, depth)
      this.end()
      return
    }
    if (node.kind === 'dict') this.beginMap()
    else if (node.kind === 'list') this.beginList()
    else if (node.kind === 'tuple') this.beginTuple()
    else this.beginSet(-1, node.kind)
    for (const item of node.kind === 'dict' ? node.entries : node.items) this.node(item, depth + 1)
    this.end()
  }

  private leaf(node: Exclude<PickleNode, { weight: number }>): void {
    if (node.kind === 'null') this.null()
    else if (node.kind === 'bool') this.bool(node.value)
    else if (node.kind === 'int') this.int(node.value)
    else if (node.kind === 'float') this.float(node.value)
    else if (node.kind !== 'global') this[node.kind](node.source, node.start, node.end)
    else {
      this.object('global', node.path)
      this.end()
    }
  }

  private all(nodes: readonly PickleNode[], depth: number): void {
    this.beginList()
    for (const node of nodes) this.node(node, depth + 1)
    this.end()
  }

  private tuple(node: PickleNode, depth: number): void {
    this.beginTuple()
    this.node(node, depth + 1)
    this.end()
  }
}
