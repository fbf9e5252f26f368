/** Names of any length, short enough to read: whoever writes to Redis chooses them. */
import { printableText } from '../model/printable.js'
import { formatCount } from './format.js'

const MAX_TEXT = 120

/** On one line; a long text is cut and says how long it is. */
export const shortText = (text: string): string => {
  const shown = printableText(text)
  return shown.length > MAX_TEXT
    ? `${shown.slice(0, MAX_TEXT)}… (${formatCount(text.length)} characters)`
    : shown
}
