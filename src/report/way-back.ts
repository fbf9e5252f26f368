/** Words for the way back: sentences about the way there tell of it when the two names change places. */

const TO_REDIS = /^(rediss?|unix):/

/** Of a report whose target is a Redis. */
export const isWayBack = (target: { readonly endpoint: string } | null): boolean =>
  target !== null && TO_REDIS.test(target.endpoint)

/** What is said of the way there, as it has to be said of this report. Never for names that users gave. */
export const sayFor =
  (target: { readonly endpoint: string } | null) =>
  (text: string): string =>
    isWayBack(target)
      ? text.replace(/Redis|Postgres/g, (name) => (name === 'Redis' ? 'Postgres' : 'Redis'))
      : text
