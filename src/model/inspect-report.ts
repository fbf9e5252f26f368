/** What `inspect` shows of one key or one thread. It holds values: nobody asks for it by accident. */
import type { Finding } from './finding.js'
import type { Outline } from './outline.js'
import type { EndpointNote, REPORT_SCHEMA_VERSION } from './report.js'
import type { Tree } from './value.js'

/** A value, or why there is none to show. */
export type Shown =
  | {
      readonly kind: 'value'
      readonly tree: Tree
      /** The checkpoint it was found at, where the source keeps it only there. */
      readonly from?: string
    }
  | { readonly kind: 'encrypted'; readonly serdeType: string; readonly bytes: number }
  | { readonly kind: 'unreadable'; readonly problem: string }

export interface ShownWrite {
  readonly taskId: string
  readonly taskPath: string
  readonly idx: number
  readonly channel: string
  readonly value: Shown
  readonly key: Buffer
}

export interface ShownCheckpoint {
  readonly checkpointId: string
  readonly parentCheckpointId: string | null
  readonly layout: string
  readonly key: Buffer
  /** Bytes of the key's value. */
  readonly sizeBytes: number | null
  /** Milliseconds it has left; −1: for ever; null: unknown. */
  readonly pttlMs: number | null
  /** ISO 8601; null where neither the id nor the checkpoint tells. */
  readonly time: string | null
  readonly step: number | null
  /** `input`, `loop`, `update`, `fork` */
  readonly source: string | null
  /** Nodes that would run next. */
  readonly next: readonly string[]
  readonly channelVersions: ReadonlyMap<string, string | number>
  /** Null: not asked for. */
  readonly values: ReadonlyMap<string, Shown> | null
  readonly metadata: Shown
  readonly pendingSends: readonly Shown[]
  readonly writes: readonly ShownWrite[]
}

export interface ShownNamespace {
  readonly checkpointNs: string
  /** Oldest first. */
  readonly checkpoints: readonly ShownCheckpoint[]
  /** Writes of checkpoints that are not there. */
  readonly orphanWrites: readonly ShownWrite[]
}

export interface ShownLayout {
  readonly id: string
  readonly title: string
}

export interface ShownKey {
  readonly key: Buffer
  readonly type: string
  readonly role: string
  readonly layout: string
  readonly sizeBytes: number | null
  readonly pttlMs: number | null
}

export interface InspectedThread {
  readonly threadId: string
  readonly layouts: readonly ShownLayout[]
  readonly keys: readonly ShownKey[]
  /** Bytes of the values read. */
  readonly bytes: number
  /** Root first, then by name. */
  readonly namespaces: readonly ShownNamespace[]
  readonly findings: readonly Finding[]
}

/** A string, a field, an item: whatever holds bytes in a key. */
export interface ShownPayload {
  /** A field's name, an item's place; null for the one payload of a string or document. */
  readonly name: string | null
  readonly bytes: number
  /** `json`, `base64 → msgpack`, `text`, … */
  readonly encoding: string
  readonly outline: Outline
  readonly problem?: string
}

export interface InspectedKey {
  readonly key: Buffer
  readonly type: string
  readonly pttlMs: number | null
  readonly memoryBytes: number | null
  /** What its name says; null where no layout knows it. */
  readonly claim: {
    readonly layout: ShownLayout
    readonly role: string
    readonly threadId: string
    readonly checkpointNs: string
    readonly checkpointId: string
    readonly isAmbiguous: boolean
  } | null
  /** What its value says. */
  readonly recognised: { readonly layout: ShownLayout; readonly evidence: string } | null
  readonly payloads: readonly ShownPayload[]
}

export interface InspectReport {
  readonly schemaVersion: typeof REPORT_SCHEMA_VERSION
  readonly command: 'inspect'
  readonly source: EndpointNote
  /** Null where a thread was asked for. */
  readonly key: InspectedKey | null
  /** Of a key: only what of its thread came from it. */
  readonly thread: InspectedThread | null
}
