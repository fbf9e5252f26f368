/** What the conversion of Postgres rows to Redis keys has to be told. */
import type { Finding } from '../../model/finding.js'

export interface RedisKeysOptions {
  /** Whose rows they are, and whose saver will read the keys: `RedisSaver` of Python 0.5.2 or of JavaScript 1.0.11. */
  readonly dialect: 'python' | 'js'
  readonly prefixes: RedisPrefixes
  /**
   * What Redis cannot hold: `repaired` where the reader sees another value, `rejected` where a checkpoint or a whole thread was
   * left out. Those of a thread come before the first of its keys that they are about.
   */
  onFinding(finding: Finding): void
  /** How many bytes of channel values may be remembered as they are written. Default 16 MB. */
  readonly rememberedBytes?: number
  /** Gives a copy of a document that goes out with the keys that come next. Default: one that is collected when nobody holds it. */
  keepDocument?(document: Buffer): Buffer
}

/** Without the separator; the JavaScript saver knows only the defaults. */
export interface RedisPrefixes {
  readonly checkpoint: string
  readonly checkpointWrite: string
}

export const DEFAULT_REDIS_PREFIXES: RedisPrefixes = {
  checkpoint: 'checkpoint',
  checkpointWrite: 'checkpoint_write',
}
