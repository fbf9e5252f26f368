/** How a record that the target cannot hold is left out, with its reason. */
import { DecodeError, EncodeError } from '../codec/bytes.js'
import type { Misfit } from './limits.js'

/** Thrown inside a record to leave it out; never seen outside of `convert`. */
class LeftOut extends Error {
  constructor(readonly misfit: Misfit) {
    super(misfit.detail)
  }
}

/** Leaves the record out where there is a misfit. */
export function refuse(misfit: Misfit | undefined): void {
  if (misfit !== undefined) throw new LeftOut(misfit)
}

/** What `work` gives; a misfit in it says where it was. */
export function within<T>(where: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const { reason, detail } = misfitOf(error)
    throw new LeftOut({ reason, detail: `${where}: ${detail}` })
  }
}

/** What a failed conversion says; anything unexpected is a defect and goes on up. */
export function misfitOf(error: unknown): Misfit {
  if (error instanceof LeftOut) return error.misfit
  if (error instanceof DecodeError)
    return { reason: error.reason, detail: `${error.message} at byte ${error.offset}` }
  if (error instanceof EncodeError) return { reason: error.reason, detail: error.message }
  throw error
}
