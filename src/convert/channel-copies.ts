/**
 * Which values stand under one channel version. Redis repeats a value in every checkpoint, Postgres keeps one blob a version; a
 * node that mutates its state in place leaves two values under one version. Equal bytes are taken for equal at once; other
 * pairs are compared by what would be written, and last by a digest of the value without order.
 */
import { hash } from 'node:crypto'
import { digestOf } from '../codec/digest.js'
import { jsJsonValue } from '../codec/json/js-json.js'
import { JsonText } from '../codec/json/text-value.js'
import type { EncodedList } from '../codec/python-typed.js'
import { typedValue } from '../codec/serde.js'
import { Slabs } from '../codec/slabs.js'
import { treeOf, treeValue } from '../codec/tree.js'
import type { KnownBlob } from '../model/rows.js'
import type { Value } from '../model/value.js'
import type { TopLevel } from './top-level.js'

/** Where copies are looked up. */
export interface Slot {
  readonly checkpointNs: string
  readonly channel: string
  readonly version: string
}

/** One value under a channel version. */
export interface NewCopy {
  /** What the target calls the version. */
  readonly version: string
  /** The bytes as written, with their type, by their SHA-256; a scalar is its own identity. */
  readonly identity: string
  /** It stands (also) in the checkpoint's JSONB. */
  readonly inline: boolean
  readonly deltaSnapshot: boolean
  readonly blob?: WrittenBlob
}

export interface WrittenBlob {
  readonly type: string
  readonly bytes: Buffer
  /** A later value may begin with what this one holds: it was read without a word. */
  readonly isClean?: boolean
}

export interface Copy extends Omit<NewCopy, 'blob'> {
  /** The value, while it is within the budget. */
  value: Value | undefined
  /** And what it became, where a later list may begin with it. */
  list?: EncodedList | undefined
}

/** Values below this are copied out of their document, so that a small value does not hold a large document in memory. */
const COPY_OUT_BYTES = 32 * 1024

export class ChannelCopies {
  /** By namespace, channel and version: a version's text is known, and the three need not be joined each time. */
  private readonly bySlot = new Map<string, Map<string, Map<string, Copy[]>>>()
  /** The last value that was written of each channel. */
  private readonly latest = new Map<string, Copy>()
  private readonly held: { copy: Copy; bytes: number }[] = []
  private heldBytes = 0
  private oldest = 0
  /** Small values share pieces of memory: each in one of its own would cost more than its bytes. */
  private readonly slabs = new Slabs()

  constructor(private readonly budgetBytes: number) {}

  /** The bytes for as long as there are copies. */
  keep(bytes: Buffer): Buffer {
    return this.slabs.keep(bytes)
  }

  /** The thread has ended: nothing is compared any more. */
  letGo(): void {
    this.slabs.letGo()
  }

  /** Blobs that stand in the target already. */
  seed(blobs: readonly KnownBlob[]): void {
    for (const { checkpointNs, channel, version, type, sha256 } of blobs) {
      const identity = identityOfHash(type, sha256)
      this.push(
        { checkpointNs, channel, version },
        { version, identity, inline: false, deltaSnapshot: false, value: undefined },
      )
    }
  }

  /** Copies under a version, oldest first. */
  of(slot: Slot): readonly Copy[] {
    const { checkpointNs, channel, version } = slot
    return this.bySlot.get(checkpointNs)?.get(channel)?.get(version) ?? NONE
  }

  add(slot: Slot, { blob, ...copy }: NewCopy, value: Value): Copy {
    const kept: Copy = { ...copy, value: undefined }
    this.push(slot, kept)
    // A scalar is its own identity.
    if (blob === undefined && copy.inline) return kept
    this.hold(kept, comparable(value, blob, this.slabs), blob)
    if (blob !== undefined) this.latest.set(channelOf(slot), kept)
    return kept
  }

  /** The list that a channel held last, while it is within the budget. */
  earlierList(checkpointNs: string, channel: string): EncodedList | undefined {
    return this.latest.get(channelOf({ checkpointNs, channel }))?.list
  }

  /** Links a copy of one version to another version too: the target calls it differently. */
  link(slot: Slot, copy: Copy): void {
    this.push(slot, copy)
  }

  private push(slot: Slot, copy: Copy): void {
    const byChannel = inside(this.bySlot, slot.checkpointNs)
    const byVersion = inside(byChannel, slot.channel)
    const copies = byVersion.get(slot.version)
    if (copies === undefined) byVersion.set(slot.version, [copy])
    else if (!copies.includes(copy)) copies.push(copy)
  }

  private hold(copy: Copy, value: Value, blob: WrittenBlob | undefined): void {
    const { bytes: json, reading } = value
    const list =
      blob?.isClean === true && blob.type === 'msgpack' && json !== undefined && reading !== undefined
        ? { json, reading, msgpack: blob.bytes }
        : undefined
    const bytes = (json?.length ?? 0) + (list?.msgpack.length ?? 0)
    if (bytes > this.budgetBytes) return
    copy.value = value
    copy.list = list
    this.held.push({ copy, bytes })
    this.heldBytes += bytes
    while (this.heldBytes > this.budgetBytes) {
      const dropped = this.held[this.oldest++]!
      dropped.copy.value = undefined
      dropped.copy.list = undefined
      this.heldBytes -= dropped.bytes
    }
  }
}

/**
 * What later copies are compared with: the source's own bytes where they are self-contained, and behind them what was written. A
 * large value is not copied: it stays a range of its document.
 */
function comparable(value: Value, blob: WrittenBlob | undefined, slabs: Slabs): Value {
  const { bytes, encoding, serdeType, reading } = value
  if (bytes !== undefined && bytes.length >= COPY_OUT_BYTES) return value
  if (bytes !== undefined && reading !== undefined) {
    const own = slabs.keep(bytes)
    return new JsonText(own, 0, own.length, reading)
  }
  if (bytes !== undefined && encoding === 'js-json') {
    const own = slabs.keep(bytes)
    return jsJsonValue(own, 0, own.length)
  }
  const written = blob === undefined ? treeValue(treeOf(value)) : typedValue(blob.type, blob.bytes)
  if (bytes === undefined) return written
  return {
    encoding,
    bytes: slabs.keep(bytes),
    ...(serdeType === undefined ? {} : { serdeType }),
    emit: (sink, notes) => written.emit(sink, notes),
  }
}

/** True when both are of one self-contained encoding and equal to the byte. */
export function sameBytes(a: Value | undefined, b: Value): boolean {
  return (
    a?.bytes !== undefined &&
    b.bytes !== undefined &&
    a.encoding === b.encoding &&
    a.serdeType === b.serdeType &&
    a.bytes.equals(b.bytes)
  )
}

/** True when both decode to the same value, sets and maps without order. */
export function sameValue(a: Value | undefined, b: Value): boolean {
  if (a === undefined || a.encoding === 'encrypted' || b.encoding === 'encrypted') return false
  return digestOf(a).equals(digestOf(b))
}

/** Identity of a blob as it is written. */
export function identityOf(type: string, bytes: Buffer): string {
  return identityOfDigits(type, sha256Of(bytes))
}

/** In hexadecimal digits: as a Buffer a digest costs five times as much. */
export const sha256Of = (bytes: Buffer): string => hash('sha256', bytes, 'hex')

/** The same of a SHA-256 in hexadecimal digits. */
export function identityOfDigits(type: string, sha256: string): string {
  return `${type}:${Buffer.from(sha256, 'hex').toString('base64')}`
}

/** Identity of a scalar that stays in the JSONB; long texts by their hash. */
export function identityOfScalar(top: TopLevel): string {
  if (top.kind === 'text')
    return top.utf8.length < 64 ? `text:${top.utf8.toString('base64')}` : identityOf('text', top.utf8)
  return 'value' in top ? `${top.kind}:${top.value}` : top.kind
}

/** Identity of a row that says that a channel has no value. */
export const EMPTY_IDENTITY = identityOfHash('empty', null)

function identityOfHash(type: string, sha256: Buffer | null): string {
  return `${type}:${sha256 === null ? '' : sha256.toString('base64')}`
}

const NONE: readonly Copy[] = []

/** The map inside a map, made when it is missing. */
function inside<Inner>(outer: Map<string, Map<string, Inner>>, name: string): Map<string, Inner> {
  let inner = outer.get(name)
  if (inner === undefined) {
    inner = new Map()
    outer.set(name, inner)
  }
  return inner
}

const channelOf = ({ checkpointNs, channel }: Omit<Slot, 'version'>) => `${checkpointNs}\0${channel}`
