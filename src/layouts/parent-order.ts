/** Finds parents again where a saver lost them: ids are in the order of time, and each checkpoint is one step after its parent. */

interface Step {
  readonly checkpointId: string
  readonly step: number
}

/** Whether a checkpoint of that step, for which no parent was found, must have had one. */
export const isParentLost = (parent: string | null, step: number | undefined): boolean =>
  parent === null && step !== undefined && step >= 0

export class ParentOrder {
  /** namespace → checkpoints so far, oldest first. */
  private readonly steps = new Map<string, Step[]>()

  /**
   * The parent of a checkpoint, and notes it as a possible parent itself; checkpoints come oldest first. It is the newest older one of the step
   * before (a fork goes on from further back), else the newest of any lower step; none for the first of a thread (step −1).
   */
  parentOf(checkpointNs: string, checkpointId: string, step: number | undefined): string | null {
    let steps = this.steps.get(checkpointNs)
    if (steps === undefined) {
      steps = []
      this.steps.set(checkpointNs, steps)
    }
    const parent = step === undefined ? steps.at(-1) : before(steps, step)
    steps.push({ checkpointId, step: step ?? (parent?.step ?? -2) + 1 })
    return parent?.checkpointId ?? null
  }
}

function before(steps: readonly Step[], step: number): Step | undefined {
  if (step < 0) return undefined
  return steps.findLast((other) => other.step === step - 1) ?? steps.findLast((other) => other.step < step)
}
