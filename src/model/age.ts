/** When a thread was last written: the latest, over all namespaces, of what its checkpoints and its writes say. */
import { timeOfUuid6 } from './uuid6.js'

/** What a checkpoint says of its time. */
export interface DatedCheckpoint {
  readonly checkpointId: string
  /** `checkpoint.ts`, ISO 8601. */
  readonly ts?: string | undefined
  /** What the saver noted beside the checkpoint, milliseconds since 1970. */
  readonly storedAtMs?: number | undefined
}

/** The time in a valid and plausible id; else `ts`; else what the saver noted. Null where nothing tells. */
export function timeOfCheckpoint(checkpoint: DatedCheckpoint, nowMs: number): number | null {
  const { checkpointId, ts, storedAtMs } = checkpoint
  return timeOfUuid6(checkpointId, nowMs) ?? timeOfText(ts) ?? storedAtMs ?? null
}

export class ThreadAge {
  /** Milliseconds since 1970; null while nothing has told. */
  latestMs: number | null = null

  constructor(private readonly nowMs: number) {}

  checkpoint(checkpoint: DatedCheckpoint): void {
    this.at(timeOfCheckpoint(checkpoint, this.nowMs))
  }

  write({ storedAtMs }: { readonly storedAtMs?: number | undefined }): void {
    this.at(storedAtMs ?? null)
  }

  private at(ms: number | null): void {
    if (ms !== null && (this.latestMs === null || ms > this.latestMs)) this.latestMs = ms
  }
}

function timeOfText(text: string | undefined): number | null {
  const ms = Date.parse(text ?? '')
  return Number.isNaN(ms) ? null : ms
}
