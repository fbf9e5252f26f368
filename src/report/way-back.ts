/** Words for other ends: sentences about the way from Redis tell of the way back when the two names change places, and of a file by its own name. */
import { REASONS, type Reason, type ReasonId } from '../model/finding.js'

const TO_REDIS = /^(rediss?|unix):/

/** Of a report whose target is a Redis. */
export const isWayBack = (target: { readonly endpoint: string } | null): boolean =>
  target !== null && TO_REDIS.test(target.endpoint)

/** Puts a sentence about the way from Redis into the words of the ends at hand. */
export type Say = (text: string) => string

interface Ends {
  readonly source: { readonly endpoint: string } | null
  readonly target: { readonly endpoint: string } | null
}

/** What is said of the way from Redis to Postgres, as it has to be said of this report. Never for names that users gave. */
export const sayFor =
  ({ source, target }: Ends): Say =>
  (text) => {
    if (isWayBack(target))
      // Only Redis lets anything expire.
      return text.replace(/expired in Redis|Redis|Postgres/g, (name) =>
        name === 'Redis' ? 'Postgres' : name === 'Postgres' ? 'Redis' : name,
      )
    return saidOf(source?.endpoint, text)
  }

/** A reason's words, as they fit where its findings come from. The way back has reasons of its own. */
export function reasonFrom(sourceUrl: string | undefined, reason: ReasonId): Reason {
  const { title, remedy, ...rest } = REASONS[reason]
  return { ...rest, title: saidOf(sourceUrl, title), remedy: saidOf(sourceUrl, remedy) }
}

const saidOf = (sourceUrl: string | undefined, text: string): string =>
  sourceUrl?.startsWith('sqlite:') ? text.replace(/(this )?Redis/g, (_, its = 'the ') => `${its}file`) : text
