/** The long-term memory on a page: the lines that the terminal shows. */
import type { Section } from './page.js'

export const storeSection = (lines: readonly string[]): Section => ({
  id: 'store',
  title: 'Long-term memory',
  lead: '',
  blocks: lines.map((text) => ({
    kind: 'text',
    text: text
      .trim()
      .replace(/^store\s+/, '')
      .replace('  ', ': '),
  })),
})
