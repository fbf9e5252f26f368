/** What a verb says while it works: facts for a progress line, never text. */

/** How far a run is. `of…` is null while it is not known. */
export interface RunProgress {
  readonly threads: number
  readonly ofThreads: number | null
  /** Bytes of source values read. */
  readonly bytes: number
  readonly ofBytes: number | null
  /** Findings of the kinds rejected and conflict so far. */
  readonly rejected: number
}

export type RunEvent =
  /** The source's keys are being listed. */
  | { readonly kind: 'scanning'; readonly keys: number; readonly ofKeys: number | null }
  | { readonly kind: 'threads'; readonly progress: RunProgress }
  /** One longer step that has no measure: `creating index checkpoints_thread_id_idx`. */
  | { readonly kind: 'step'; readonly step: string }
  /** A server is not there for the moment and will be asked again. */
  | {
      readonly kind: 'retrying'
      readonly endpoint: string
      readonly attempt: number
      readonly waitMs: number
    }

export type OnEvent = (event: RunEvent) => void
