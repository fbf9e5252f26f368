/** What may differ from the golden rows, case by case, and why. */
import type { Case } from '../corpus/cases.js'

/**
 * Checkpoints that differ from the golden rows, and why that is right:
 * - `model`: Redis holds a pydantic model whole; the official reader gives the raw envelope, we restore the model.
 * - `default field`: messages of langchain-core 0.3 get their default field `example` from the library that wrote the golden rows.
 * - `look-alike`: a user's own dict shaped like an envelope, which the reader of its time made null or left alone.
 */
const ACCEPTED: Readonly<
  Record<string, { readonly fixtures: number; readonly full: number; readonly why: string }>
> = {
  'python/0.5.2-full': { fixtures: 3, full: 12, why: 'model' },
  'python/0.2.1-full': { fixtures: 0, full: 6, why: 'model' },
  'python/0.1.3-full': { fixtures: 0, full: 6, why: 'look-alike' },
  'python/0.0.8-full': { fixtures: 4, full: 39, why: 'default field, look-alike' },
  'python/0.5.2-shallow-sync': { fixtures: 0, full: 6, why: 'model' },
  'python/0.5.2-shallow-async': { fixtures: 0, full: 6, why: 'model' },
}

/** How many checkpoints of the case may differ; `isWhole` where it is the full one. */
export const acceptedIn = (from: Case, isWhole: boolean): number =>
  ACCEPTED[from.name]?.[isWhole ? 'full' : 'fixtures'] ?? 0
