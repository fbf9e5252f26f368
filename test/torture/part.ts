/** What a part of the torture suite is: a file of this folder that exports `run`. */

export interface Order {
  /** The same seed and count do the same things in the same order; what the clock decides may differ. */
  readonly seed: number
  /** How many cases, in the part's own unit: kills, faults, sequences, races … Undefined: the part's own idea of a full run. */
  readonly count: number | undefined
  /** One line for people, at once. */
  log(line: string): void
}

/** A promise that was not kept. */
export interface Violation {
  /** One sentence: what should be so and is not. */
  readonly what: string
  /** The command that shows it again, from the repository's root. */
  readonly reproduce: string
}

export interface Outcome {
  /** Cases that were run, whatever came of them. */
  readonly cases: number
  /** What was done and what came of it, each with a count: rows of the table at the end. */
  readonly counts: Readonly<Record<string, number>>
  readonly violations: readonly Violation[]
  /** Cases that could not be run here, each with the reason. */
  readonly skipped: readonly string[]
}

/** What a part exports under the name `run`. It throws only where it could not do its work at all. */
export type Part = (order: Order) => Promise<Outcome>

/** The command that runs one part again. */
export function reproduction(part: string, { seed, count }: Pick<Order, 'seed' | 'count'>): string {
  return `npm run torture -- --only ${part} --seed ${seed}${count === undefined ? '' : ` --count ${count}`}`
}
