/** What savers put around a payload: compressions and ways to write bytes as text. One layer at a time, bounded in size. */
import * as zlib from 'node:zlib'
import { DecodeError } from '../bytes.js'
import { decodeLz4Frames } from './lz4-frame.js'
import { requireWholeZstdFrames } from './zstd-frames.js'

export type Wrapping = 'zlib' | 'gzip' | 'lz4' | 'zstd' | 'bzip2' | 'xz' | 'base64' | 'hex' | 'decimal'

/** Redis holds no string over 512 MB; what unpacks to more was made to fill the memory. */
export const MAX_UNWRAPPED_BYTES = 512 * 1024 * 1024

/**
 * The bytes inside one wrapping. `decimal` is `123,34,…` (a JavaScript byte array as text); `base64` takes both alphabets and line
 * breaks, but nothing else outside them. Throws `DecodeError`: for damage, for bytes behind the end, for a result over `maxBytes`
 * (`too-large`), and for what this Node.js cannot unpack.
 */
export function unwrap(bytes: Buffer, wrapping: Wrapping, maxBytes: number = MAX_UNWRAPPED_BYTES): Buffer {
  switch (wrapping) {
    case 'zlib':
      return inflated(bytes, wrapping, zlib.inflateSync, maxBytes)
    case 'gzip':
      return inflated(bytes, wrapping, zlib.gunzipSync, maxBytes)
    case 'zstd':
      requireWholeZstdFrames(bytes)
      return inflated(bytes, wrapping, zstdDecompressor(), maxBytes)
    case 'lz4':
      return decodeLz4Frames(bytes, maxBytes)
    case 'base64':
      return fromBase64(bytes)
    case 'hex':
      return fromHex(bytes)
    case 'decimal':
      return fromDecimal(bytes)
    default:
      throw new DecodeError(`${wrapping} is not supported: unpack the value in Redis first`, 0)
  }
}

interface InflateOptions {
  readonly maxOutputLength: number
  readonly info: true
}
/** With `info` the engine comes too, which knows how much of the input it used. */
interface Inflated {
  readonly buffer: Buffer
  readonly engine: { readonly bytesWritten: number }
}
type Decompressor = (bytes: Buffer, options: InflateOptions) => unknown

function inflated(bytes: Buffer, wrapping: Wrapping, decompress: Decompressor, maxBytes: number): Buffer {
  let result: Inflated
  try {
    result = decompress(bytes, { maxOutputLength: maxBytes, info: true }) as Inflated
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      throw new DecodeError(`${wrapping} data of more than ${maxBytes} bytes`, 0, 'too-large')
    }
    throw new DecodeError(`${wrapping} data that cannot be unpacked: ${message}`, 0)
  }
  const used = result.engine.bytesWritten
  if (used !== bytes.length) {
    throw new DecodeError(`${bytes.length - used} bytes after the end of the ${wrapping} data`, used)
  }
  return result.buffer
}

function zstdDecompressor(): Decompressor {
  const { zstdDecompressSync } = zlib as { readonly zstdDecompressSync?: Decompressor }
  if (zstdDecompressSync === undefined) {
    throw new DecodeError('zstd data needs Node.js 22.15 or newer', 0)
  }
  return zstdDecompressSync
}

const BASE64 = /^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}$/

/** Whether it is nothing but base64 text of a whole number of groups. */
export function isBase64(bytes: Buffer): boolean {
  return base64Text(bytes) !== undefined
}

function base64Text(bytes: Buffer): string | undefined {
  const text = bytes.toString('latin1').replace(/\r?\n/g, '')
  return text.length % 4 === 0 && BASE64.test(text) ? text : undefined
}

function fromBase64(bytes: Buffer): Buffer {
  const text = base64Text(bytes)
  if (text === undefined) throw new DecodeError('not base64', 0)
  return Buffer.from(text, 'base64') // takes the url-safe alphabet too
}

function fromHex(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1')
  if (text.length % 2 === 1 || /[^0-9A-Fa-f]/.test(text)) throw new DecodeError('not hex', 0)
  return Buffer.from(text, 'hex')
}

function fromDecimal(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1')
  if (!/^\d{1,3}(?:,\d{1,3})*$/.test(text)) throw new DecodeError('not bytes in decimal', 0)
  const values = text.split(',').map(Number)
  const tooBig = values.findIndex((value) => value > 255)
  if (tooBig >= 0) throw new DecodeError(`${values[tooBig]} is not a byte`, tooBig)
  return Buffer.from(values)
}
