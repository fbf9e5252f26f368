/** Base64 as Python's `base64.b64decode` reads it, which the Redis saver falls back from to the text itself. */

/**
 * The bytes that the official reader makes of a `__bytes__` marker: decoded, or the text's own where it is no base64. Undefined
 * where it keeps the marker as a map: the text is not ASCII.
 */
export function base64Of(text: string): Buffer | undefined {
  if (/[^\0-\x7f]/.test(text)) return undefined
  const data = text.replaceAll(/[^A-Za-z0-9+/=]/g, '')
  const digits = data.replace(/=.*$/, '')
  const padding = data.length - digits.length
  const isWhole = digits.length % 4 !== 1 && digits.length + padding >= Math.ceil(digits.length / 4) * 4
  return isWhole ? Buffer.from(digits, 'base64') : Buffer.from(text)
}
