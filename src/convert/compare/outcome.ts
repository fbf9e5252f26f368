/** What the comparison of one thread comes to: differences, and what explains others away. */
import {
  type Difference,
  type Explained,
  NOTHING_EXPLAINED,
  type ThreadState,
} from '../../model/verify-report.js'
import type { RecordedThread } from './recorded.js'

/** Rows that the source does not explain, and that are right all the same if they are as the ledger recorded them. */
export interface Doubtful {
  readonly checkpointNs: string
  readonly checkpointId: string
  /** What it is if they are not. */
  readonly differences: readonly Difference[]
}

/** Of a difference where the value in Postgres is to be found again, to say what it is. */
export type StoredPlace =
  | { readonly table: 'checkpoint_blobs'; readonly channel: string; readonly version: string }
  | { readonly table: 'checkpoint_writes'; readonly taskId: string; readonly idx: number }
  | {
      readonly table: 'checkpoints'
      readonly member: 'field' | 'channel' | 'metadata'
      readonly name: string
    }

export interface ComparedThread {
  readonly threadId: string
  readonly differences: readonly Difference[]
  readonly doubtful: readonly Doubtful[]
  readonly explained: Readonly<Explained>
  readonly compared: { readonly checkpoints: number; readonly writes: number; readonly values: number }
  /** Something stands in Postgres. */
  readonly hasRows: boolean
  readonly places: ReadonlyMap<Difference, StoredPlace>
}

export class Outcome {
  readonly differences: Difference[] = []
  readonly doubtful: Doubtful[] = []
  readonly places = new Map<Difference, StoredPlace>()
  readonly explained: Explained = { ...NOTHING_EXPLAINED }
  readonly compared = { checkpoints: 0, writes: 0, values: 0 }

  constructor(
    readonly threadId: string,
    readonly recorded: RecordedThread | undefined,
  ) {}

  /** A difference of a record that came from `key`: none if the key has changed since it was migrated. */
  differs(key: Buffer, difference: Omit<Difference, 'threadId'>, place?: StoredPlace): void {
    if (this.hasChanged(key)) this.explained.behind++
    else this.add(difference, place)
  }

  /** A difference that no key is behind. */
  add(difference: Omit<Difference, 'threadId'>, place?: StoredPlace): Difference {
    const whole = { threadId: this.threadId, ...difference }
    this.differences.push(whole)
    if (place !== undefined) this.places.set(whole, place)
    return whole
  }

  /** Too much under a checkpoint that both sides have: right if its rows are as they were written. */
  tooMuch(difference: Omit<Difference, 'threadId'>, place?: StoredPlace): void {
    const { checkpointNs, checkpointId } = difference
    if (
      checkpointNs === undefined ||
      checkpointId === undefined ||
      !this.recorded?.wrote(checkpointNs, checkpointId)
    ) {
      this.add(difference, place)
      return
    }
    const whole = { threadId: this.threadId, ...difference }
    if (place !== undefined) this.places.set(whole, place)
    this.doubtful.push({ checkpointNs, checkpointId, differences: [whole] })
  }

  hasChanged(key: Buffer): boolean {
    return this.recorded !== undefined && !this.recorded.isAsRecorded(key)
  }
}

/** The gravest thing that can be said of a thread. */
export function stateOf(
  { explained, hasRows }: Pick<ComparedThread, 'explained' | 'hasRows'>,
  differences: readonly Difference[],
): ThreadState {
  if (differences.length > 0) return 'differs'
  if (explained.behind > 0) return 'behind'
  if (explained.leftOut > 0) return hasRows ? 'partial' : 'rejected'
  if (explained.deleted > 0) return 'deleted'
  if (explained.ahead > 0) return 'ahead'
  return explained.expired > 0 ? 'expired' : 'equal'
}
