/** The records that a mapping finds in the value of one key: checkpoints, writes, channel values. */
import { DecodeError } from '../../codec/bytes.js'
import { jsJsonValue } from '../../codec/json/js-json.js'
import { treeOf } from '../../codec/tree.js'
import type { RedisValue } from '../../model/redis-value.js'
import { NULL_TASK_ID } from '../../model/thread.js'
import type { Tree, Value } from '../../model/value.js'
import { versionNumber } from '../awaited-blobs.js'
import type { PatternParts } from '../keys/key-pattern.js'
import type { StoredBlob, StoredCheckpoint, StoredWrite } from '../keys/keyed-form.js'
import { type JsonReading, PYTHON_SERDE_JSON } from '../packed-value.js'
import { checkpointDict } from '../stored-checkpoint.js'
import type { CompiledRecord, GenericKeys } from './keys.js'
import type { BlobMapping, CheckpointMapping, Mapping, RecordMapping, WriteMapping } from './mapping.js'
import { PartReader, type StoredRecord } from './parts.js'

/** Whose a record is: what its value says, else its key. */
interface Whose {
  readonly threadId: string
  readonly checkpointNs: string
  readonly checkpointId: string
  /** As its key had it. */
  readonly parts: PatternParts
}

export interface FoundCheckpoint extends Whose {
  readonly stored: StoredCheckpoint
}
export interface FoundWrite extends Whose {
  readonly stored: Omit<StoredWrite, 'idx'> & { readonly idx: number | undefined }
}

/** One record in the value of a key. */
export interface FoundRecord {
  /** What its key and its field say. */
  readonly parts: PatternParts
  /** Throws `DecodeError`. */
  open(): StoredRecord
}

/** All but `of` throw `DecodeError`. */
export class GenericRecords {
  private readonly parts: PartReader
  private readonly json: JsonReading
  constructor(
    dialect: Mapping['dialect'],
    private readonly keys: GenericKeys,
  ) {
    this.json = dialect === 'js' ? jsJsonValue : PYTHON_SERDE_JSON
    this.parts = new PartReader(this.json)
  }

  /** Whether a value has what the mapping requires of its kind. */
  fits(mapping: RecordMapping, record: StoredRecord): boolean {
    return (mapping.requires ?? []).every((name) => this.parts.find(record, { at: [name] }) !== undefined)
  }

  /** The records in a key's value, with what key and field say of each. */
  *of({ mapping, field }: CompiledRecord, parts: PatternParts, value: RedisValue): Generator<FoundRecord> {
    const whole = (bytes: Buffer, codecs = mapping.decode ?? []) => ({
      parts,
      open: () => this.parts.decode({ kind: 'bytes', bytes }, codecs),
    })
    if (value.type === 'string') yield whole(value.bytes)
    else if (value.type === 'ReJSON-RL') yield whole(value.text, mapping.decode ?? ['json'])
    else if (value.type === 'list') for (const item of value.items) yield whole(item)
    else if (value.type === 'hash' && field === undefined)
      yield { parts, open: () => new Map(value.fields.map(([name, bytes]) => [name.toString(), bytes])) }
    else if (value.type === 'hash') {
      for (const [name, bytes] of value.fields) {
        const text = name.toString()
        if (mapping.ignore?.includes(text)) continue
        const inField = field!.parse(text, true) ?? field!.parse(text, false)
        // What the mapping neither knows nor ignores is named: the rest of the hash is read all the same.
        if (inField === null) yield { parts, open: () => unknownField(text) }
        else yield { ...whole(bytes), parts: { ...parts, ...inField } }
      }
    }
  }

  /** Undefined where there is no checkpoint at its place. */
  checkpoint(
    mapping: CheckpointMapping,
    record: StoredRecord,
    parts: PatternParts,
  ): FoundCheckpoint | undefined {
    const { checkpoint } = mapping
    const found = 'fields' in checkpoint ? undefined : this.parts.find(record, checkpoint)
    const packed =
      'fields' in checkpoint ? this.parts.dict(record, checkpoint) : found && this.parts.packed(found)
    if (packed === undefined) return undefined
    const read = checkpointDict(packed)
    const dict = {
      ...read,
      channelValues: new Map([...read.channelValues, ...this.channels(mapping, record)]),
    }
    const metadata = mapping.metadata && this.parts.find(record, mapping.metadata)
    const whose = this.whose(mapping, record, parts)
    const value = (metadata && this.parts.value(metadata)) ?? this.json(NOTHING, 0, NOTHING.length)
    return {
      ...whose,
      checkpointId: (mapping.id && whose.checkpointId) || dict.id || whose.checkpointId,
      stored: {
        dict,
        metadata: value,
        parentId: mapping.parent && (this.parts.text(record, mapping.parent) ?? null),
        step: mapping.parent === undefined ? stepIn(value) : undefined,
      },
    }
  }

  writes(mapping: WriteMapping, record: StoredRecord, parts: PatternParts): readonly FoundWrite[] {
    return this.listed(mapping, record).map((one) => {
      const task = mapping.task && this.parts.text(one, mapping.task)
      const channel = (mapping.channel && this.parts.text(one, mapping.channel)) ?? parts.channel
      const found = this.parts.find(one, mapping.value)
      const value = found && this.parts.value(found)
      if (channel === undefined || value === undefined)
        throw new DecodeError('a write without a channel or a value', 0)
      const idx = (mapping.idx && this.parts.text(one, mapping.idx)) ?? parts.idx
      return {
        ...this.whose(mapping, one, parts),
        stored: {
          taskId: task ?? parts.task ?? NULL_TASK_ID,
          taskPath: (mapping.taskPath && this.parts.text(one, mapping.taskPath)) ?? '',
          idx: idx === undefined ? undefined : Number.parseInt(idx, 10),
          channel,
          value,
        },
      }
    })
  }

  blob(mapping: BlobMapping, record: StoredRecord, parts: PatternParts, name: string): StoredBlob {
    const { at = [], ...rest } = mapping.value
    const raw = mapping.absent === undefined ? undefined : this.parts.text(record, { at })
    const part =
      raw !== undefined && raw === mapping.absent ? undefined : this.parts.find(record, { at, ...rest })
    const value = part && this.parts.value(part)
    return { name, value, version: versionNumber(parts.version ?? '') }
  }

  /** Where the value of a record says whose it is, that beats the key. */
  private whose(mapping: RecordMapping, record: StoredRecord, parts: PatternParts): Whose {
    const ns = mapping.ns && this.parts.text(record, mapping.ns)
    const isEmptyNs = ns !== undefined && this.keys.emptyNs.includes(ns)
    return {
      threadId: (mapping.thread && this.parts.text(record, mapping.thread)) ?? parts.thread ?? '',
      checkpointNs: isEmptyNs ? '' : (ns ?? parts.ns ?? ''),
      checkpointId: (mapping.id && this.parts.text(record, mapping.id)) ?? parts.id ?? '',
      parts,
    }
  }

  private listed(mapping: WriteMapping, record: StoredRecord): readonly StoredRecord[] {
    if (mapping.each === undefined) return [record]
    const list = this.parts.find(record, { at: mapping.each })
    const items = list && this.parts.packed(list).items()
    if (items === undefined) throw new DecodeError('no list of writes where the mapping says', 0)
    return items.map((packed) => ({ kind: 'packed', packed }))
  }

  private channels(mapping: CheckpointMapping, record: StoredRecord): Map<string, Value> {
    const values = new Map<string, Value>()
    const pattern = this.keys.channels
    if (pattern === undefined || !(record instanceof Map)) return values
    for (const [name, bytes] of record) {
      const channel = pattern.parse(name, true)?.channel
      if (channel === undefined) continue
      const value = this.parts.value(
        this.parts.decode({ kind: 'bytes', bytes }, mapping.channels?.decode ?? []),
      )
      if (value !== undefined) values.set(channel, value)
    }
    return values
  }
}

function unknownField(name: string): never {
  throw new DecodeError(`field ${JSON.stringify(name)} fits no pattern`, 0)
}

const NOTHING = Buffer.from('{}')

/** `metadata["step"]`, which is all that tells a lost parent. */
function stepIn(metadata: Value): number | undefined {
  const tree = treeOf(metadata)
  const isStep = (key: Tree) => key.kind === 'text' && key.utf8.toString() === 'step'
  const step = tree.kind === 'map' ? tree.entries.find(([key]) => isStep(key))?.[1] : undefined
  return step?.kind === 'int' ? Number(step.value) : undefined
}
