/** The two JSONB columns of a `checkpoints` row as the Python saver writes them (checkpoint-postgres ≥ 2.0.25). */
import type { JsonbWriter } from '../codec/jsonb-write.js'
import type { ChannelVersion, Checkpoint } from '../model/thread.js'
import type { Value } from '../model/value.js'
import { WithoutMember } from './without-member.js'

/** What a checkpoint's JSONB is made of, once its versions and its inlined values are known. */
export interface CheckpointParts {
  readonly checkpoint: Checkpoint
  /** channel → version string. */
  readonly versions: ReadonlyMap<string, string>
  readonly seen: ReadonlyMap<string, ReadonlyMap<string, ChannelVersion>>
  /** channel → primitive, or `true` where a delta snapshot lies in a blob. */
  readonly inlined: ReadonlyMap<string, Value | true>
}

/** UTF-8 JSON; valid until the writer is used again. */
export function checkpointJsonb(
  writer: JsonbWriter,
  { checkpoint, versions, seen, inlined }: CheckpointParts,
): Buffer {
  writer.reset()
  writer.beginMap(-1)
  for (const [name, value] of checkpoint.fields) {
    writer.key(name)
    value.emit(writer)
  }
  writer.key('id')
  writer.string(checkpoint.checkpointId)
  writer.key('channel_values')
  writer.beginMap(-1)
  for (const [channel, value] of inlined) {
    writer.key(channel)
    if (value === true) writer.bool(true)
    else value.emit(writer)
  }
  writer.end()
  writer.key('channel_versions')
  versionMap(writer, versions)
  writer.key('versions_seen')
  writer.beginMap(-1)
  for (const [node, channels] of seen) {
    writer.key(node)
    versionMap(writer, channels)
  }
  writer.end()
  writer.end()
  return writer.view()
}

function versionMap(writer: JsonbWriter, versions: ReadonlyMap<string, ChannelVersion>): void {
  writer.beginMap(-1)
  for (const [channel, version] of versions) {
    writer.key(channel)
    if (typeof version === 'string') writer.string(version)
    else writer.int(version)
  }
  writer.end()
}

/** The metadata as the saver stores it: without `writes`, which it has dropped since 2.0.25. */
export function metadataJsonb(writer: JsonbWriter, metadata: Value): Buffer {
  writer.reset()
  metadata.emit(new WithoutMember('writes', writer))
  return writer.view()
}
