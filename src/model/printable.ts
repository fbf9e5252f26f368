/** Makes names that others chose safe to print: a key or a message must not move the cursor, recolour the screen or reverse a line. */

/** C0, DEL and C1 controls, line separators, and the marks that reorder or hide text. */
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/gu

const escaped = (character: string): string => {
  const code = character.codePointAt(0) ?? 0
  if (code === 0x0a) return '\\n'
  if (code === 0x0d) return '\\r'
  if (code === 0x09) return '\\t'
  return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}

/** Text of unknown origin on one line; what a terminal would act on is written as `\x1b`, `\u202e`, `\n`. */
export const printableText = (text: string): string => text.replace(UNSAFE, escaped)

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The exact text of UTF-8 bytes, or null where the bytes are not UTF-8. */
export function utf8TextOf(bytes: Buffer): string | null {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return null
  }
}

/** A Redis key on one line; bytes that are not UTF-8 are written as `\xNN`. */
export function printableKey(key: Buffer): string {
  const text = utf8TextOf(key)
  if (text !== null) return printableText(text)
  let out = ''
  for (let at = 0; at < key.length; ) {
    const size = sequenceLength(key, at)
    const part = utf8TextOf(key.subarray(at, at + size))
    if (part === null) {
      out += `\\x${key[at]!.toString(16).padStart(2, '0')}`
      at += 1
    } else {
      out += printableText(part)
      at += size
    }
  }
  return out
}

function sequenceLength(bytes: Buffer, at: number): number {
  const lead = bytes[at]!
  if (lead < 0xc0) return 1
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
}

/** A word that a POSIX shell (and bash, where `$'…'` is needed) reads back as exactly this text. */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/u.test(text) && /^[\u0020-\u007e]+$/u.test(text)) return text
  if (printableText(text) === text) return `'${text.replaceAll("'", `'\\''`)}'`
  const inner = text
    .replace(/[\\']/gu, (character) => `\\${character}`)
    .replace(UNSAFE, (character) => {
      const code = character.codePointAt(0) ?? 0
      return code < 0x20 || code === 0x7f ? escaped(character) : `\\u${code.toString(16).padStart(4, '0')}`
    })
  return `$'${inner}'`
}
