/** What tells one pickling saver from another is the form of its values: the port of such a form. */
import type { PickleNode } from '../../codec/pickle/node.js'
import type { PickleKey } from './keys.js'

export interface PickledForm {
  /** These three are the layout's. */
  readonly id: string
  readonly title: string
  readonly writtenBy: string
  /** What shows the form, as one phrase. */
  readonly evidence: string
  /** Undefined where the value is of another form. Throws `DecodeError`. */
  checkpoint(node: PickleNode, key: PickleKey): PickledCheckpoint | undefined
}

/** A checkpoint as one value has it. */
export interface PickledCheckpoint {
  readonly checkpoint: PickleNode
  readonly metadata: PickleNode | undefined
  /** Undefined: the saver stores no parents; they are found again by the order of ids and steps. Null: none. */
  readonly parentId: string | null | undefined
  /** What the value itself says of whose it is, where it does. */
  readonly threadId?: string | undefined
  readonly checkpointNs?: string | undefined
  /** Stands in where the checkpoint dict has no id. */
  readonly checkpointId?: string | undefined
  /** `(task id, channel, value)` of each pending write. */
  readonly writes?: PickleNode | undefined
  /** Keys of this form always have a namespace between thread and id. */
  readonly nsInKey?: boolean
}
