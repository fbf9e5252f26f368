/** What the Redis saver gives back in another form, and in which: phrases of a report. */

export const LONG_INTEGER = 'integer over 64 bits, a float'
export const LAST_DIGIT = 'float, another last digit'
export const TEXT_KEY = 'key that is no text, its text'
export const NO_NUMBER = 'NaN or Infinity, null'
export const INNER_BYTES = 'bytes inside an object, a dict with their base64'
export const BYTEARRAY = 'bytearray, bytes'
export const SEND_TIMEOUT = 'timeout of a Send, nothing'
export const SET_AS_LIST = 'set of what cannot be hashed, a list'

/** Keys by which the saver tells its own markers from a user's dicts. */
const MARKER_KEYS: ReadonlySet<string> = new Set([
  '__bytes__',
  '__send__',
  '__delta_snapshot__',
  '__interrupt__',
  'lc',
])

/** Undefined for any other key. */
export const markerLoss = (key: string): string | undefined =>
  MARKER_KEYS.has(key) ? `dict with the key ${key}, which the saver may take for its own` : undefined
