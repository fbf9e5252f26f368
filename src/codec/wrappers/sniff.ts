/** Tells from a payload's first bytes how it is encoded, for layouts that store no type tag. */
import { DecodeError } from '../bytes.js'
import { checkMsgpack } from '../msgpack/read.js'
import { isBase64, MAX_UNWRAPPED_BYTES, unwrap, type Wrapping } from './wrapped.js'

export type PayloadEncoding = 'pickle' | 'json' | 'msgpack' | 'empty' | 'unknown'

/** base64 around zlib around pickle is the deepest that any known saver goes. */
const MAX_LAYERS = 3

interface Magic {
  readonly is: Wrapping | 'pickle'
  /** In latin1. */
  readonly starts: readonly string[]
  readonly ends?: string
}

/**
 * Checked in this order. Nothing here is also msgpack: as msgpack each begins with a value of one byte, so that more bytes would be too
 * many. Pickles of protocol 2 and later are named by their first bytes alone, so that a cut one is reported as a cut pickle.
 */
const MAGIC: readonly Magic[] = [
  { is: 'pickle', starts: ['\x80\x02', '\x80\x03', '\x80\x04', '\x80\x05'] },
  {
    is: 'pickle',
    starts: ['(dp', '(lp', '((d', '((l', 'ccopy_reg\n', '}q\0', ']q\0', '(}q', '(]q'],
    ends: '.',
  },
  { is: 'zlib', starts: ['x\x01', 'x\x5e', 'x\x9c', 'x\xda'] },
  { is: 'gzip', starts: ['\x1f\x8b\x08'] },
  { is: 'lz4', starts: ['\x04\x22\x4d\x18'] },
  { is: 'zstd', starts: ['\x28\xb5\x2f\xfd'] },
  { is: 'bzip2', starts: [...'123456789'].map((level) => `BZh${level}1AY&SY`) },
  { is: 'xz', starts: ['\xfd7zXZ\0'] },
]
const LONGEST_MAGIC = 10
const HEX_PICKLE = /^80(?:0[23]|0[45]95)/i
const JSON_SCALAR = /^(?:-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|NaN|-?Infinity)$/
const LONGEST_SCALAR = 400
const JSON_BRACKETS: Readonly<Record<string, string>> = { '{': '}', '[': ']', '"': '"' }

/**
 * The outermost encoding. A stored type tag beats it: use this only where there is none, or where decoding by the tag failed. It names
 * what a payload was meant to be; whether it is whole is for its reader to say. Single ASCII characters are msgpack integers.
 */
export function sniff(bytes: Buffer): Wrapping | PayloadEncoding {
  if (bytes.length === 0) return 'empty'
  if (bytes.length === 1) return isMsgpack(bytes) ? 'msgpack' : 'unknown'
  const head = bytes.toString('latin1', 0, LONGEST_MAGIC)
  for (const { is, starts, ends } of MAGIC) {
    const fits = starts.some((start) => head.startsWith(start))
    if (fits && (ends === undefined || bytes.at(-1) === ends.charCodeAt(0))) return is
  }
  if (isMsgpack(bytes)) return 'msgpack'
  return sniffText(bytes)
}

export interface Unwrapped {
  /** Outermost first. */
  readonly layers: readonly Wrapping[]
  readonly encoding: PayloadEncoding
  readonly bytes: Buffer
}

/** Takes off every wrapping, three at most. Throws what `unwrap` throws, and where there are more layers. */
export function unwrapAll(bytes: Buffer, maxBytes: number = MAX_UNWRAPPED_BYTES): Unwrapped {
  const layers: Wrapping[] = []
  let inner = bytes
  for (;;) {
    const encoding = sniff(inner)
    if (isPayload(encoding)) return { layers, encoding, bytes: inner }
    if (layers.length === MAX_LAYERS) {
      throw new DecodeError(`more than ${MAX_LAYERS} wrappings: ${[...layers, encoding].join(', ')}`, 0)
    }
    layers.push(encoding)
    inner = unwrap(inner, encoding, maxBytes)
  }
}

const PAYLOADS: ReadonlySet<string> = new Set<PayloadEncoding>([
  'pickle',
  'json',
  'msgpack',
  'empty',
  'unknown',
])
const isPayload = (encoding: Wrapping | PayloadEncoding): encoding is PayloadEncoding =>
  PAYLOADS.has(encoding)

/** Text that holds bytes counts as such only if what it holds is recognised: any word of eight letters could be base64. */
function sniffText(bytes: Buffer): Wrapping | PayloadEncoding {
  const start = firstNonSpace(bytes)
  const end = lastNonSpace(bytes)
  if (start > end) return 'unknown'
  const last = JSON_BRACKETS[String.fromCharCode(bytes[start]!)]
  if (last !== undefined) return bytes[end] === last.charCodeAt(0) ? 'json' : 'unknown'
  const head = bytes.toString('latin1', start, Math.min(end + 1, start + LONGEST_SCALAR))
  if (HEX_PICKLE.test(head) && isOf(bytes, 'hex', ['pickle'])) return 'hex'
  if (JSON_SCALAR.test(head) && end + 1 - start <= LONGEST_SCALAR) return 'json'
  if (/^\d{1,3},/.test(head)) return isOf(bytes, 'decimal', undefined) ? 'decimal' : 'unknown'
  return isBase64(bytes) && isOf(bytes, 'base64', undefined) ? 'base64' : 'unknown'
}

function isOf(bytes: Buffer, wrapping: Wrapping, wanted: readonly string[] | undefined): boolean {
  try {
    const inner = sniff(unwrap(bytes, wrapping))
    return wanted === undefined ? inner !== 'unknown' && inner !== 'empty' : wanted.includes(inner)
  } catch {
    return false
  }
}

function isMsgpack(bytes: Buffer): boolean {
  try {
    checkMsgpack(bytes, 0, bytes.length)
    return true
  } catch {
    return false
  }
}

const isSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)

function firstNonSpace(bytes: Buffer): number {
  let at = 0
  while (at < bytes.length && isSpace(bytes[at]!)) at++
  return at
}

function lastNonSpace(bytes: Buffer): number {
  let at = bytes.length - 1
  while (at >= 0 && isSpace(bytes[at]!)) at--
  return at
}
