/** Copies a few bytes from one buffer into another. */

/** Gives where the copy ends. Runs are short, and a call of `copy` makes a view of each. */
export function copyRun(source: Buffer, start: number, end: number, target: Buffer, at: number): number {
  if (end - start > MAX_COPIED_BYTES) return at + source.copy(target, at, start, end)
  let to = at
  for (let from = start; from < end; from++) target[to++] = source[from]!
  return to
}

const MAX_COPIED_BYTES = 128
