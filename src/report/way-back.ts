/** Words for the way back: sentences about the way there tell of it when the two names change places. */

const TO_REDIS = /^(rediss?|unix):/

/** Of a report whose target is a Redis. */
export const isWayBack = (target: { readonly endpoint: string } | null): boolean =>
  target !== null && TO_REDIS.test(target.endpoint)

interface Ends {
  readonly source: { readonly endpoint: string } | null
  readonly target: { readonly endpoint: string } | null
}

/** What is said of the way from Redis to Postgres, as it has to be said of this report. Never for names that users gave. */
export const sayFor =
  ({ source, target }: Ends) =>
  (text: string): string => {
    if (isWayBack(target))
      return text.replace(/Redis|Postgres/g, (name) => (name === 'Redis' ? 'Postgres' : 'Redis'))
    return source?.endpoint.startsWith('sqlite:')
      ? text.replace(/(this )?Redis/g, (_, its = 'the ') => `${its}file`)
      : text
  }
