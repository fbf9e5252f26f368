/** A comparison that took Redis for the source, told the other way round: what Redis cannot hold, and what it does not have yet, is no difference. */

import { stateOf } from '../../convert/compare/outcome.js'
import type { Difference, Explained } from '../../model/verify-report.js'
import type { ThreadVerdict } from '../../pipeline/verify/verdicts.js'
import { keyText } from '../../target/ledger/pack.js'
import type { CurrentThread } from '../../target/ledger/read.js'
import { checkpointName, type SecondLook } from './second-look.js'

export interface BackVerdict extends ThreadVerdict {
  /** Places where Redis gives back a value in another form, as migrate has told. */
  readonly otherForms: number
}

/** Nothing is in doubt: both sides tell the same, or Redis alone has gone on. */
export const isClear = ({ differences, explained }: ThreadVerdict): boolean =>
  differences.every(isOnlyABlob) && explained.ahead + explained.leftOut === 0

/** `recorded`: what runs of the way back have written; `expires`: they gave the keys a time to live. */
export function turned(
  verdict: ThreadVerdict,
  look: SecondLook | null,
  { recorded, expires }: { readonly recorded: CurrentThread | undefined; readonly expires: boolean },
): BackVerdict {
  const explained: Explained = { ...verdict.explained, behind: 0, ahead: verdict.explained.behind }
  let otherForms = 0
  const differences: Difference[] = []
  // Looked at by what should be there: what Postgres merely keeps beside its checkpoints is none.
  const rest = look === null ? [] : verdict.differences.filter((difference) => !isOnlyABlob(difference))
  for (const difference of rest) {
    const place = placeOf(difference, look!)
    if (place === 'other-form') otherForms++
    else if (place === 'ahead') explained.ahead++
    else if (place === 'difference') differences.push(swapped(difference))
  }
  if (look !== null) {
    for (const [name, { key, isThere }] of look.checkpoints) {
      if (isThere) continue
      const [checkpointNs = '', checkpointId = ''] = name.split('\0')
      const { threadId } = verdict
      if (recorded?.keys.has(keyText(key)) !== true) explained.behind++
      else if (expires) explained.expired++
      else differences.push({ kind: 'missing', part: 'checkpoint', threadId, checkpointNs, checkpointId })
    }
    if (verdict.explained.leftOut > 0) differences.push(...unreadable(verdict, look, differences, recorded))
    explained.behind += look.missingWrites
    explained.leftOut = look.findings.filter(({ reason }) => LEFT_OUT.has(reason)).length
  }
  const state = stateOf({ explained, hasRows: verdict.compared.checkpoints > 0 }, differences)
  return { ...verdict, explained, differences, state, otherForms }
}

/** The comparison leaves out what Redis holds and nobody can read: of a key that a run has made, somebody has changed it. */
const unreadable = (
  { threadId }: ThreadVerdict,
  { unlike }: SecondLook,
  told: readonly Difference[],
  recorded: CurrentThread | undefined,
): Difference[] =>
  unlike.flatMap(({ part, key, checkpointNs, checkpointId }): Difference[] => {
    const isOurs = recorded?.keys.get(keyText(key))?.use === 'migrated'
    const isTold = told.some((one) => one.checkpointNs === checkpointNs && one.checkpointId === checkpointId)
    if (!isOurs || isTold) return []
    return [{ kind: 'differs', part, threadId, checkpointNs, checkpointId, name: key.toString() }]
  })

const LEFT_OUT: ReadonlySet<string> = new Set([
  'refused-by-redis',
  'older-head-in-redis',
  'broken-delta-chain-in-redis',
])

/** Values that no checkpoint names: no reader sees them. */
const isOnlyABlob = ({ part, kind }: Difference): boolean => part === 'blob' && kind === 'extra'

/** Checkpoints and writes that are missing are counted by their keys. */
function placeOf(
  difference: Difference,
  look: SecondLook,
): 'difference' | 'other-form' | 'counted' | 'ahead' {
  const { kind, part, checkpointNs, checkpointId, name } = difference
  if (kind === 'extra' && (part === 'checkpoint' || part === 'write')) return 'counted'
  if (checkpointNs === undefined || checkpointId === undefined) return 'difference'
  // An answer to what the newest checkpoint waits for.
  if (kind === 'missing' && part === 'write' && isHead(look, checkpointNs, checkpointId)) return 'ahead'
  const expected = look.checkpoints.get(checkpointName(checkpointNs, checkpointId))
  if (expected?.isAsConverted !== true) return 'difference'
  // Before v4 the reader wants the Sends of the parent as a channel of the checkpoint.
  if (name === '__pregel_tasks') return 'counted'
  const isTold = look.findings.some(({ reason }) => reason === 'other-form-in-redis')
  return isTold && part !== 'version' && part !== 'parent' ? 'other-form' : 'difference'
}

/** Of its namespace, as Postgres has it. */
function isHead({ checkpoints }: SecondLook, checkpointNs: string, checkpointId: string): boolean {
  const head = checkpointName(checkpointNs, checkpointId)
  const isOfIt = (name: string) => name.startsWith(checkpointName(checkpointNs, ''))
  return checkpoints.has(head) && ![...checkpoints.keys()].some((name) => isOfIt(name) && name > head)
}

/** What the comparison calls the source is Redis, the target of the way back. */
function swapped({ source, target, kind, note, ...difference }: Difference): Difference {
  return {
    ...difference,
    kind: kind === 'missing' ? 'extra' : kind === 'extra' ? 'missing' : kind,
    ...(target && { source: target }),
    ...(source && { target: source }),
    ...(note !== undefined && { note: namesSwapped(note) }),
  }
}

/** Sentences about the way there tell of the way back when the two names change places. */
const namesSwapped = (text: string): string =>
  text.replace(/Redis|Postgres/g, (name) => (name === 'Redis' ? 'Postgres' : 'Redis'))
