/** Reads one thread of LangGraph's SQLite savers. Nothing of another row is needed to read one; only of a checkpoint's writes two may be one. */
import { DecodeError } from '../../codec/bytes.js'
import type { ReasonId } from '../../model/finding.js'
import type { RedisValue } from '../../model/redis-value.js'
import type { SqliteSaver } from '../../model/sqlite.js'
import type { ClaimedKey, RecordSink, ThreadReader } from '../layout.js'
import { checkpointOf, type RowWrite, writeOf } from './records.js'

/** Keys come in the order of `keyedReadingOrder`. */
export class SqliteThread implements ThreadReader {
  /** The checkpoint whose writes are coming, and those of special channels: one a task and channel. */
  private writesOf = ''
  private readonly special = new Map<string, RowWrite>()

  constructor(
    private readonly saver: SqliteSaver,
    private readonly sink: RecordSink,
  ) {}

  accept(key: ClaimedKey, value: RedisValue): void {
    if (value.type !== 'hash') {
      this.sink.notMine(key)
      return
    }
    try {
      if (key.role === 'checkpoint') this.checkpoint(key, value)
      else this.write(key, writeOf(this.saver, key, value))
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      const detail = `offset ${error.offset}: ${error.message}`
      this.report(error.reason, key, detail)
    }
  }

  end(): void {
    this.releaseSpecial()
  }

  private checkpoint(key: ClaimedKey, value: RedisValue): void {
    const { checkpoint, lacksMetadata } = checkpointOf(this.saver, key, value)
    if (lacksMetadata) this.report('metadata-missing', key)
    this.sink.checkpoint(checkpoint)
  }

  private write(key: ClaimedKey, found: RowWrite): void {
    const { write, position } = found
    const place = `${key.checkpointNs}\0${key.checkpointId}`
    if (place !== this.writesOf) {
      this.releaseSpecial()
      this.writesOf = place
    }
    if (write.idx >= 0) {
      this.sink.write(write)
      return
    }
    // Releases that numbered special channels like others could hold several answers of one task: the last one counts.
    const slot = `${write.taskId}\0${write.idx}`
    const held = this.special.get(slot)
    const [kept, left] = held === undefined || position >= held.position ? [found, held] : [held, found]
    this.special.set(slot, kept)
    if (left === undefined) return
    const { taskId, idx, channel } = left.write
    this.report('duplicate-write', key, `task ${taskId}, index ${idx}, channel ${channel}`)
  }

  private releaseSpecial(): void {
    for (const { write } of this.special.values()) this.sink.write(write)
    this.special.clear()
  }

  private report(reason: ReasonId, key: ClaimedKey, detail?: string): void {
    const { threadId, checkpointNs, checkpointId, role } = key
    this.sink.finding({
      reason,
      threadId,
      checkpointNs,
      // A finding that names a checkpoint may leave it out: a write that cannot be read does not.
      ...((role === 'checkpoint' || reason === 'duplicate-write') && { checkpointId }),
      key: key.key,
      ...(detail !== undefined && { detail }),
    })
  }
}
