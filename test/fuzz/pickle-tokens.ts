/** Pickles as opcodes with their arguments, and mutations that mostly leave the stack in order. */
import type { Random } from './random.js'

export interface Token {
  /** Opcode and argument. */
  readonly bytes: Buffer
}

const LINES: ReadonlyMap<number, number> = new Map(
  [...'ILFSVgpPci'].map((char) => [char.charCodeAt(0), char === 'c' || char === 'i' ? 2 : 1]),
)
const FIXED: ReadonlyMap<number, number> = new Map([
  [0x4a, 4], [0x4b, 1], [0x4d, 2], [0x47, 8], [0x68, 1], [0x6a, 4], [0x71, 1], [0x72, 4], [0x80, 1], [0x82, 1], [0x83, 2], [0x84, 4], [0x95, 8],
]) // biome-ignore format: a table
/** Opcode → bytes of the length before its argument. */
const COUNTED: ReadonlyMap<number, number> = new Map([
  [0x54, 4], [0x55, 1], [0x58, 4], [0x8c, 1], [0x8d, 8], [0x42, 4], [0x43, 1], [0x8e, 8], [0x96, 8], [0x8a, 1], [0x8b, 4],
]) // biome-ignore format: a table

/** Takes a whole pickle apart; frames are left out. */
export function tokensOf(bytes: Buffer): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < bytes.length; ) {
    const start = at
    const code = bytes[at++]!
    const lines = LINES.get(code) ?? 0
    for (let line = 0; line < lines; line++) at = bytes.indexOf(0x0a, at) + 1
    at += FIXED.get(code) ?? 0
    const counted = COUNTED.get(code) ?? 0
    if (counted > 0) at += counted + bytes.readUIntLE(at, Math.min(counted, 6))
    if (code !== FRAME) tokens.push({ bytes: bytes.subarray(start, at) })
    if (code === STOP) break
  }
  return tokens
}

const FRAME = 0x95
const STOP = 0x2e

export function changedTokens(
  from: readonly Token[],
  pool: readonly (readonly Token[])[],
  random: Random,
  most = 5,
): readonly Token[] {
  const tokens = [...from]
  for (let times = 1 + random.below(random.chance(60) ? 1 : most); times > 0; times--)
    change(tokens, pool, random)
  return tokens
}

function change(tokens: Token[], pool: readonly (readonly Token[])[], random: Random): void {
  const choice = random.below(100)
  const at = random.below(Math.max(1, tokens.length - 1))
  const token = tokens[at]
  if (token === undefined) return
  if (choice < 45) {
    const leaf = nearestLeaf(tokens, at)
    if (leaf >= 0) tokens[leaf] = otherLeaf(tokens[leaf]!, pool, random)
  } else if (choice < 55) {
    const [one, other] = [nearestLeaf(tokens, at), nearestLeaf(tokens, random.below(tokens.length))]
    if (one >= 0 && other >= 0) [tokens[one], tokens[other]] = [tokens[other]!, tokens[one]!]
  } else if (choice < 65) {
    // An item, or a pair, in front of another: even counts stay even.
    const leaf = nearestLeaf(tokens, at)
    if (leaf >= 0)
      tokens.splice(
        leaf,
        0,
        ...[tokens[leaf]!, otherLeaf(tokens[leaf]!, pool, random)].slice(random.below(2)),
      )
  } else if (choice < 72) {
    tokens.splice(at, 0, ...random.pick(FRAGMENTS).map((bytes) => ({ bytes })))
  } else if (choice < 80) {
    tokens[at] = { bytes: twin(token.bytes, random) }
  } else if (choice < 86) {
    tokens.splice(at, 1)
  } else if (choice < 90) {
    tokens.splice(at, 0, token)
  } else if (choice < 95) {
    const other = random.pick(pool)
    const start = random.below(other.length)
    tokens.splice(at, 0, ...other.slice(start, start + 1 + random.below(6)))
  } else {
    tokens.splice(at, 1, random.pick(random.pick(pool)))
  }
}

/** Opcodes that push one value and take none. */
const LEAVES = new Set(
  [...'IJKMLFGNSTUVXBCgh})]j']
    .map((char) => char.charCodeAt(0))
    .concat([0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x96]),
)

function nearestLeaf(tokens: readonly Token[], at: number): number {
  for (let i = 0; i < tokens.length; i++) {
    const place = (at + i) % tokens.length
    if (LEAVES.has(tokens[place]!.bytes[0]!)) return place
  }
  return -1
}

function otherLeaf(old: Token, pool: readonly (readonly Token[])[], random: Random): Token {
  const choice = random.below(10)
  if (choice < 5) return { bytes: random.pick(VALUES) }
  if (choice < 7) {
    const other = random.pick(pool)
    const place = nearestLeaf(other, random.below(other.length))
    return place < 0 ? old : other[place]!
  }
  const copy = Buffer.from(old.bytes)
  const first = copy.length > 6 ? 5 : 1
  if (copy.length > first)
    copy[first + random.below(copy.length - first)] = random.chance(60)
      ? 0x30 + random.below(75)
      : random.bits()
  return { bytes: copy }
}

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const VALUES = [
  'N', '\x88', '\x89', 'I01\n', 'I00\n', 'I-7\n', 'I12345678901234567890\n', 'L99L\n', 'L-5\n', 'F1.5\n', 'F-inf\n', 'Fnan\n', 'F1e400\n', 'I 1\n', 'F1_0\n',
  'K\xff', 'M\xff\xff', 'J\xff\xff\xff\x7f', 'J\x00\x00\x00\x80', '\x8a\x00', '\x8a\x01\xff', '\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f', '\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01',
  '\x8b\x02\x00\x00\x00\x00\x80', 'G\x7f\xf8\x00\x00\x00\x00\x00\x00', 'G\x80\x00\x00\x00\x00\x00\x00\x00', 'G?\xf0\x00\x00\x00\x00\x00\x00',
  "S'a\\x41\\n'\n", 'S"q"\n', "S'\\'\n", 'V\\u00e9\\U0001f389\n', 'V\\ud800\n', 'V\\\\u0041\n', 'V\\u12\n', 'X\x02\x00\x00\x00\xc3\xa9', '\x8c\x01a', '\x8c\x03\xed\xa0\x80', '\x8c\x01\xff',
  'U\x01a', 'U\x01\xe9', 'T\x01\x00\x00\x00z', 'C\x02\x00\xff', 'B\x01\x00\x00\x00b', '\x8d\x01\x00\x00\x00\x00\x00\x00\x00e', '\x8e\x01\x00\x00\x00\x00\x00\x00\x00e',
  '\x96\x02\x00\x00\x00\x00\x00\x00\x00ab', ']', ')', '}', '\x8f', 'h\x00', 'h\x01', 'h\x05', 'j\x02\x00\x00\x00', 'g0\n', 'g3\n', 'cdatetime\ndate\n', 'cos\nsystem\n', 'c__builtin__\nset\n', 'cbuiltins\neval\n',
].map(latin1) // biome-ignore format: a table

/** A few opcodes that belong together. */
const FRAGMENTS = [
  '2', '0', '20', '(0', 'N0', '(1', '(K\x01K\x021', '\x94', 'q\x00', 'q\x40', 'p9\n', 'r\x07\x00\x00\x00', '\x85', '(t', '(l', '(d', '\x85\x85\x85', 'K\x01\x86', 'K\x01K\x02\x87',
  '0(K\x01K\x02K\x01\x91', '0\x8f(K\x01K\x01\x90', '0](K\x01K\x02e', '0]K\x01a', '0}K\x01K\x02s', '0}(K\x01K\x02K\x01K\x03u', '0cbuiltins\nset\n](K\x01K\x01e\x85R', '0c_codecs\nencode\nX\x01\x00\x00\x00aX\x06\x00\x00\x00latin1\x86R',
  '0cbuiltins\nbytearray\nC\x01a\x85R', '0cos\nsystem\nX\x02\x00\x00\x00id\x85R', '0cbuiltins\neval\n)R', '0capp\nThing\n)\x81}b', '0(capp\nThing\nK\x01o', '0(K\x01iapp\nThing\n', '0\x8c\x03app\x8c\x05Thing\x93)}\x92',
  '0ccopy_reg\n_reconstructor\n(capp\nThing\nc__builtin__\nobject\nNtR', '0cbuiltins\ngetattr\ncapp\nOuter\nX\x05\x00\x00\x00Inner\x86R', '0cbuiltins\nlist\n(K\x01t\x85R', '0cbuiltins\ndict\n)R', '0cbuiltins\nbytes\nK\x05\x85R', '\x80\x04', '\x80\x02', '\x95\x05\x00\x00\x00\x00\x00\x00\x00',
].map((text) => [latin1(text)]) // biome-ignore format: a table

/** Another opcode with an argument of the same form. */
function twin(bytes: Buffer, random: Random): Buffer {
  const group = TWINS.find((codes) => codes.includes(bytes[0]!))
  if (group === undefined) return bytes
  return Buffer.concat([Buffer.from([random.pick(group)]), bytes.subarray(1)])
}

const TWINS: readonly (readonly number[])[] = [
  [...'ILFSVgp'],
  [...'JjrXTB'],
  [...'KhqUC\x8c\x8a\x80'],
  [...'tldue0123\x85\x86\x87\x81R\x91\x90\x92\x93bas'],
  [...']})\x8fN\x88\x89(\x94'],
  [...'ci'],
  [...'\x8d\x8e\x96\x95G'],
].map((chars) => chars.map((char) => char.charCodeAt(0)))
