/** The two JSONB columns of a `checkpoints` row as the official savers write them. */
import type { JsonbWriter } from '../codec/json/jsonb-write.js'
import type { ChannelVersion, Checkpoint } from '../model/thread.js'
import type { Value } from '../model/value.js'
import { WithoutMember } from './without-member.js'

/** What a checkpoint's JSONB is made of, once its versions and its inlined values are known. */
export interface CheckpointParts {
  readonly checkpoint: Checkpoint
  /** channel → version in the target. */
  readonly versions: ReadonlyMap<string, ChannelVersion>
  readonly seen: ReadonlyMap<string, ReadonlyMap<string, ChannelVersion>>
  /**
   * channel → primitive, or `true` where a delta snapshot lies in a blob. Absent in JavaScript: that reader overwrites whatever stands
   * there with what it finds in the blobs.
   */
  readonly inlined?: ReadonlyMap<string, Value | true>
}

/** UTF-8 JSON; valid until the writer is used again. */
export function checkpointJsonb(
  writer: JsonbWriter,
  { checkpoint, versions, seen, inlined }: CheckpointParts,
): Buffer {
  writer.reset()
  writer.beginMap(-1)
  checkpoint.fields.forEach((value, name) => {
    writer.key(name)
    value.emit(writer)
  })
  writer.key('id')
  writer.string(checkpoint.checkpointId)
  if (inlined !== undefined) inlinedValues(writer, inlined)
  writer.key('channel_versions')
  versionMap(writer, versions)
  writer.key('versions_seen')
  writer.beginMap(-1)
  seen.forEach((channels, node) => {
    writer.key(node)
    versionMap(writer, channels)
  })
  writer.end()
  writer.end()
  return writer.view()
}

function inlinedValues(writer: JsonbWriter, inlined: ReadonlyMap<string, Value | true>): void {
  writer.key('channel_values')
  writer.beginMap(-1)
  inlined.forEach((value, channel) => {
    writer.key(channel)
    if (value === true) writer.bool(true)
    else value.emit(writer)
  })
  writer.end()
}

/** Numbers as JavaScript's `String()` has them: blobs are found by that text. */
function versionMap(writer: JsonbWriter, versions: ReadonlyMap<string, ChannelVersion>): void {
  writer.beginMap(-1)
  versions.forEach((version, channel) => {
    writer.key(channel)
    if (typeof version === 'string') writer.string(version)
    else writer.int(version)
  })
  writer.end()
}

/** The metadata as the Python saver stores it: without `writes`, which it has dropped since 2.0.25. */
export function pythonMetadataJsonb(writer: JsonbWriter, metadata: Value): Buffer {
  writer.reset()
  metadata.emit(new WithoutMember('writes', writer))
  return writer.view()
}

/** The metadata as the JavaScript saver stores it: as it is. */
export function jsMetadataJsonb(writer: JsonbWriter, metadata: Value): Buffer {
  writer.reset()
  metadata.emit(writer)
  return writer.view()
}
