/** Makes records of the rows of LangGraph's SQLite savers: a checkpoint row holds all of its checkpoint, a row of `writes` one pending write. */
import { jsJsonValue } from '../../codec/json/js-json.js'
import { typedValue } from '../../codec/serde.js'
import type { RedisValue } from '../../model/redis-value.js'
import type { SqliteSaver } from '../../model/sqlite.js'
import { type Checkpoint, type PendingWrite, SPECIAL_WRITE_IDX } from '../../model/thread.js'
import type { Value } from '../../model/value.js'
import { fieldBytes, fieldText, hashFields } from '../hash-fields.js'
import type { ClaimedKey } from '../layout.js'
import { PLAIN_JSON, packedJson, packedValue } from '../packed-value.js'
import { checkpointDict } from '../stored-checkpoint.js'
import { integerOf, storedValue } from '../stored-value.js'

const NO_BYTES = Buffer.alloc(0)
const NO_METADATA = Buffer.from('{}')

/** Metadata is JSON text in every version of both, whatever the type of the column. */
export interface RowCheckpoint {
  readonly checkpoint: Checkpoint
  readonly lacksMetadata: boolean
}

/** The row's ids count. Throws `DecodeError`. */
export function checkpointOf(saver: SqliteSaver, key: ClaimedKey, value: RedisValue): RowCheckpoint {
  const row = hashFields(value)
  const bytes = fieldBytes(row, 'checkpoint')
  const packed = saver === 'js' ? packedJson(bytes, jsJsonValue) : packedValue(fieldText(row, 'type'), bytes)
  const { id: _, valuesElsewhere: __, ...body } = checkpointDict(packed)
  const metadata = row.get('metadata')
  const lacksMetadata = metadata === undefined || metadata.length === 0
  const { threadId, checkpointNs, checkpointId, layout } = key
  return {
    lacksMetadata,
    checkpoint: {
      threadId,
      checkpointNs,
      checkpointId,
      parentCheckpointId: row.get('parent_checkpoint_id')?.toString('utf8') || null,
      ...body,
      metadata: packedJson(lacksMetadata ? NO_METADATA : metadata, PLAIN_JSON).value(),
      origin: { key: key.key, layout },
    },
  }
}

/** A write with the index as it stands in the row: the first releases gave special channels none of their own. */
export interface RowWrite {
  readonly write: PendingWrite
  readonly position: number
}

/** Throws `DecodeError`. */
export function writeOf(saver: SqliteSaver, key: ClaimedKey, value: RedisValue): RowWrite {
  const row = hashFields(value)
  const channel = fieldText(row, 'channel')
  const position = integerOf(fieldText(row, 'idx'), 'idx')
  const type = fieldText(row, 'type')
  // An empty BLOB; of some drivers NULL.
  const bytes = row.get('value') ?? NO_BYTES
  const { threadId, checkpointNs, checkpointId, layout } = key
  return {
    position,
    write: {
      threadId,
      checkpointNs,
      checkpointId,
      taskId: fieldText(row, 'task_id'),
      taskPath: row.get('task_path')?.toString('utf8') ?? '',
      idx: SPECIAL_WRITE_IDX[channel] ?? position,
      channel,
      value: storedValue(() =>
        saver === 'js' && type !== 'bytes' ? jsTypedValue(bytes) : typedValue(type, bytes),
      ),
      origin: { key: key.key, layout },
    },
  }
}

const jsTypedValue = (bytes: Buffer): Value => jsJsonValue(bytes, 0, bytes.length)
