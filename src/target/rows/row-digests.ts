/**
 * One number for what stands in the target of a checkpoint: its row and its write rows. The server computes it with the hash
 * functions that its own indexes use (PostgreSQL 11 on), so neither side has to fetch or to parse anything. Equal numbers mean
 * "still what was written"; different ones only ever mean "look again".
 */
import { ofThreads } from '../connection/of-threads.js'
import { qualified } from '../connection/session.js'
import { readable } from './staging.js'

/**
 * SQL for `(thread_id, checkpoint_ns, checkpoint_id, digest text)`: `of` given checkpoints ($1 thread ids, $2 namespaces, $3 ids, three
 * arrays of one length), or of all checkpoints `in` given threads ($1).
 */
export function CHECKPOINT_DIGESTS(schema: string, which: 'of' | 'in'): string {
  const chosen =
    which === 'of'
      ? `JOIN unnest($1::text[], $2::text[], $3::text[]) AS k(thread_id, checkpoint_ns, checkpoint_id)
           USING (thread_id, checkpoint_ns, checkpoint_id)`
      : ''
  return `
    SELECT c.thread_id, c.checkpoint_ns, c.checkpoint_id,
      (hashtextextended(coalesce(c.parent_checkpoint_id, ''), 1)
        # hashtextextended(c.checkpoint::text, 2)
        # hashtextextended(c.metadata::text, 3)
        # coalesce((
            SELECT (sum(hashtextextended(concat_ws(E'\\x01', w.task_id, w.idx, w.channel, coalesce(w.type, ''), w.task_path,
                      encode(sha256(w.blob), 'base64')), 4)::numeric) % 9223372036854775807)::bigint
            FROM ${readable(schema, 'checkpoint_writes')} w
            WHERE w.thread_id = c.thread_id AND w.checkpoint_ns = c.checkpoint_ns AND w.checkpoint_id = c.checkpoint_id
          ), 0))::text AS digest
    FROM ${which === 'in' ? ofThreads(schema, 'checkpoints') : qualified(schema, 'checkpoints')} c ${chosen}`
}

/**
 * SQL for `(thread_id, checkpoint_ns, channel, version, digest bigint)` of blob rows: the same number as `blobDigest` (ledger-pack.ts). `of`
 * given blobs ($1 thread ids, $2 namespaces, $3 channels, $4 versions), or of all blobs `in` given threads ($1).
 */
export function BLOB_DIGESTS(schema: string, which: 'of' | 'in'): string {
  const chosen =
    which === 'of'
      ? `JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k(thread_id, checkpoint_ns, channel, version)
           USING (thread_id, checkpoint_ns, channel, version)`
      : ''
  return `
    SELECT b.thread_id, b.checkpoint_ns, b.channel, b.version,
      ('x' || left(encode(sha256(convert_to(concat_ws(E'\\x01', b.checkpoint_ns, b.channel, b.version, b.type,
        coalesce(encode(sha256(b.blob), 'hex'), '')), 'UTF8')), 'hex'), 16))::bit(64)::bigint AS digest
    FROM ${which === 'in' ? ofThreads(schema, 'checkpoint_blobs') : qualified(schema, 'checkpoint_blobs')} b ${chosen}`
}
