/** Text into HTML: whatever comes from Redis goes through here, once. */
import { printableText } from '../../model/printable.js'

const NAMES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** For text and for attributes between quotes. Signs that hide or reorder text are shown as what they are. */
export const escaped = (text: string): string =>
  printableText(text).replace(/[&<>"']/g, (sign) => NAMES[sign]!)

/** The same for several lines of ours. */
export const escapedLines = (text: string): string => text.split('\n').map(escaped).join('\n')
