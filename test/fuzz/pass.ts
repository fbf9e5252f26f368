/** A small database on its way to rows, in memory: claims, threads, readers and the converter as a migration has them, and no server. */

import { checkMsgpack } from '../../src/codec/msgpack/read.js'
import { asList, field } from '../../src/codec/pickle/navigate.js'
import { readPickle } from '../../src/codec/pickle/read.js'
import { unwrapAll } from '../../src/codec/wrappers/sniff.js'
import type { ConvertedThread, Dialect } from '../../src/convert/converter.js'
import { DIALECTS } from '../../src/convert/dialects.js'
import type { ClaimedKey } from '../../src/layouts/layout.js'
import type { LayoutRegistry } from '../../src/layouts/registry.js'
import { type Finding, REASONS } from '../../src/model/finding.js'
import type { RedisValue } from '../../src/model/redis-value.js'
import {
  type BlobRow,
  type CheckpointRow,
  type RowSink,
  UNKNOWN_THREAD,
  type WriteRow,
} from '../../src/model/rows.js'
import type { Origin } from '../../src/model/thread.js'
import { readingOrder } from '../../src/pipeline/reading-order.js'
import { byThread } from '../../src/pipeline/strays.js'
import { type StrayKey, ThreadPass } from '../../src/pipeline/thread-pass.js'
import { grouped, type Key, resolved } from '../layouts/read-case.js'
import { contentsOf } from './database.js'
import { Broken } from './target.js'

const CONVERT = { allowOlderHead: true, copiesBytes: 1 << 20 }
/** A key goes from thread to thread no oftener than there are layouts to claim it. */
const MAX_ROUNDS = 12
/** Keys that are read to know others: alone they hold nothing. */
const SUPPORTING: ReadonlySet<string> = new Set(['pointer', 'index', 'blob'])

export interface Passed {
  /** Keys, as latin1 text, of which a record came. */
  readonly contributed: ReadonlySet<string>
  readonly layouts: ReadonlySet<string>
  readonly findings: readonly Finding[]
  readonly rows: number
  /** Keys that hold something by themselves. */
  readonly documents: number
}

/** Throws `Broken` where a key is neither kept nor named, or where a row is one that Postgres or its reader would refuse. */
export function passOf(keys: readonly Key[], registry: LayoutRegistry, dialect: Dialect): Passed {
  const values = new Map(keys.map(({ key, value }) => [key.toString('latin1'), value]))
  const claimed = claimedKeys(keys, registry)
  const result = {
    documents: keys.length - claimed.filter(({ role }) => SUPPORTING.has(role)).length,
    contributed: new Set<string>(),
    layouts: new Set<string>(),
    findings: [] as Finding[],
    rows: 0,
  }
  let threads = [...grouped(claimed, ({ threadId }) => threadId)].map(([threadId, ofThread]) => ({
    threadId,
    keys: registry.ofThread(ofThread),
  }))
  for (let round = 0; threads.length > 0; round++) {
    if (round > MAX_ROUNDS) throw new Broken('keys go from thread to thread without end')
    const strays: StrayKey[] = []
    for (const { threadId, keys: ofThread } of threads) {
      const one = new OneThread(threadId, ofThread, registry, dialect)
      one.run(values)
      for (const key of one.contributed) result.contributed.add(key)
      for (const layout of one.pass.layouts) result.layouts.add(layout)
      result.findings.push(...one.findings)
      result.rows += one.rows
      strays.push(...one.pass.strays)
    }
    threads = byThread(strays).map(({ threadId, keys: ofThread }) => ({
      threadId,
      keys: registry.ofThread(ofThread),
    }))
  }
  return result
}

function claimedKeys(keys: readonly Key[], registry: LayoutRegistry): ClaimedKey[] {
  return keys.flatMap(({ key, value }) => {
    const claim = registry.claim(key, value.type)
    const first = claim && { ...claim, key, type: value.type }
    const certain = first?.ambiguous ? resolved(first, value, registry) : first
    return certain === null ? [] : [certain]
  })
}

class OneThread implements RowSink {
  readonly pass: ThreadPass<ConvertedThread>
  readonly findings: Finding[] = []
  readonly contributed = new Set<string>()
  rows = 0
  private readonly order: readonly ClaimedKey[]
  private readonly checkpointRows = new Set<string>()
  private readonly checkpoints: { readonly name: string; readonly origin: Origin }[] = []

  constructor(
    private readonly threadId: string,
    keys: readonly ClaimedKey[],
    registry: LayoutRegistry,
    private readonly dialect: Dialect,
  ) {
    this.order = readingOrder(registry, keys)
    const report = (finding: Finding) => void this.findings.push(finding)
    const converter = DIALECTS[dialect](threadId, UNKNOWN_THREAD, this, report, CONVERT)
    const see = ({ origin }: { readonly origin: Origin }) =>
      this.contributed.add(origin.key.toString('latin1'))
    this.pass = new ThreadPass(
      threadId,
      registry,
      {
        checkpoint: (checkpoint) => {
          see(checkpoint)
          const { checkpointNs, checkpointId, origin } = checkpoint
          this.checkpoints.push({ name: `${checkpointNs}\0${checkpointId}`, origin })
          converter.checkpoint(checkpoint)
        },
        write: (write) => {
          see(write)
          converter.write(write)
        },
        channelValue: (value) => {
          see(value)
          converter.channelValue(value)
        },
        unreadable: (checkpointNs, checkpointId) => converter.unreadable(checkpointNs, checkpointId),
        end: () => converter.end(),
      },
      report,
      { layouts: new Set(this.order.map(({ layout }) => layout)), dialect },
    )
  }

  run(values: ReadonlyMap<string, Key['value']>): void {
    for (const key of this.order) {
      const value = values.get(key.key.toString('latin1'))!
      this.pass.accept(key, { state: 'read', value, pttlMs: -1, sizeBytes: 100 })
    }
    const converted = this.pass.end()
    this.checkNothingLost(converted, values)
  }

  checkpointRow(row: CheckpointRow): void {
    this.rows++
    this.checkpointRows.add(`${row.checkpointNs}\0${row.checkpointId}`)
    refuseNul(row.threadId, row.checkpointNs, row.checkpointId, row.parentCheckpointId ?? '')
    for (const json of [row.checkpoint, row.metadata]) {
      const text = json.toString('utf8')
      if (/(?<!\\)(?:\\\\)*\\u0000/.test(text)) throw new Broken(`NUL in JSONB: ${text.slice(0, 200)}`)
      JSON.parse(text)
    }
  }

  blobRow(row: BlobRow): void {
    this.rows++
    refuseNul(row.threadId, row.checkpointNs, row.channel, row.version, row.type)
    this.checkBlob(row.type, row.blob)
  }

  writeRow(row: WriteRow): void {
    this.rows++
    refuseNul(
      row.threadId,
      row.checkpointNs,
      row.checkpointId,
      row.taskId,
      row.taskPath,
      row.channel,
      row.type,
    )
    if (!Number.isInteger(row.idx) || Math.abs(row.idx) > 0x7fffffff) throw new Broken(`index ${row.idx}`)
    this.checkBlob(row.type, row.blob)
  }

  private checkBlob(type: string, blob: Buffer | null): void {
    if (type === 'msgpack') checkMsgpack(blob!, 0, blob!.length)
    else if (type === 'json') JSON.parse(blob!.toString('utf8'))
    else if (type === 'null' && blob!.length > 0) throw new Broken('bytes in a null')
    else if (type === 'empty' && blob !== null) throw new Broken('bytes in an empty channel')
  }

  private checkNothingLost(
    { completeness, checkpoints }: ConvertedThread,
    values: ReadonlyMap<string, RedisValue>,
  ): void {
    const named = new Set<string>()
    const namedIds = new Set<string>()
    let namesThread = false
    for (const { reason, key, checkpointNs, checkpointId } of this.findings) {
      if (REASONS[reason] === undefined) throw new Broken(`a finding of no known reason: ${reason}`)
      if (key !== undefined) named.add(key.toString('latin1'))
      if (checkpointId !== undefined) namedIds.add(`${checkpointNs}\0${checkpointId}`)
      namesThread ||= key === undefined || reason === 'other-dialect'
    }
    for (const { key } of this.pass.strays) named.add(key.key.toString('latin1'))
    for (const { key, role } of this.order) {
      const name = key.toString('latin1')
      if (SUPPORTING.has(role) || named.has(name) || this.contributed.has(name) || namesThread) continue
      if (role === 'write' && holdsNothing(values.get(name)!)) continue
      throw new Broken(
        `${role} key ${JSON.stringify(name)} of thread ${JSON.stringify(this.threadId)} is neither kept nor named`,
      )
    }
    for (const { name, origin } of this.checkpoints) {
      const isNamed = namedIds.has(name) || named.has(origin.key.toString('latin1')) || namesThread
      if (!this.checkpointRows.has(name) && !isNamed)
        throw new Broken(`checkpoint ${JSON.stringify(name)} is neither written nor named`)
    }
    if (completeness !== 'rejected' && checkpoints !== this.checkpointRows.size)
      throw new Broken(`${checkpoints} checkpoints are told of, ${this.checkpointRows.size} have rows`)
    if (completeness !== 'whole' && this.findings.length === 0)
      throw new Broken(`${completeness} (${this.dialect}) without a finding`)
  }
}

/** No writes are nothing to lose. */
function holdsNothing(value: RedisValue): boolean {
  const contents = contentsOf(value)
  if (contents.length === 0) return true
  try {
    const { encoding, bytes } = unwrapAll(contents[0]!)
    if (encoding === 'json') return /^\s*\[\s*\]\s*$/.test(bytes.toString('latin1'))
    const node = encoding === 'pickle' ? readPickle(bytes) : undefined
    return node !== undefined && asList(field(node, 'writes') ?? node)?.length === 0
  } catch {
    return false
  }
}

function refuseNul(...texts: readonly string[]): void {
  for (const text of texts) if (text.includes('\0')) throw new Broken(`NUL in ${JSON.stringify(text)}`)
}
