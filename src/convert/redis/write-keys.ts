/** The writes of one checkpoint as keys, on their way out in parts, and their registry. */
import type { RedisKeyWrite, RedisScore } from '../../model/redis-write.js'
import type { WriteRow } from '../../model/rows.js'
import type { Ids, RedisDialect } from './dialect.js'

/** Writes go out in parts of this size. */
const PART_BYTES = 4 * 1024 * 1024

export class WriteKeys {
  private readonly members: RedisScore[] = []
  private keys: RedisKeyWrite[] = []
  private bytes = 0

  constructor(private readonly dialect: RedisDialect) {}

  /** In the order of the checkpoint. Throws what the dialect throws. */
  add(rows: readonly WriteRow[]): void {
    for (const row of rows) {
      const key = Buffer.from(this.dialect.writeKey(row))
      const document = this.dialect.write(row, this.members.length)
      this.members.push({ member: key, score: this.members.length })
      this.keys.push({ type: 'json', key, document })
      this.bytes += document.length
    }
  }

  get isAny(): boolean {
    return this.members.length > 0
  }

  /** Memory wants them to go. */
  get isPart(): boolean {
    return this.bytes >= PART_BYTES
  }

  /** What was added since the last part. */
  takePart(): RedisKeyWrite[] {
    const { keys } = this
    this.keys = []
    this.bytes = 0
    return keys
  }

  /** The rest, with the registry of all. */
  takeRest(checkpoint: Ids): RedisKeyWrite[] {
    const rest = this.takePart()
    if (!this.isAny) return rest
    const key = Buffer.from(this.dialect.registryKey(checkpoint))
    return [...rest, { type: 'zset', key, members: this.members }]
  }
}
