/** Breaks text into lines at spaces. A word longer than a line stays whole: a key must be there to be copied. */

/** `hanging` goes before every line but the first, `first` before that one. */
export function wrapText(
  text: string,
  columns: number,
  { first, hanging = first }: { first: string; hanging?: string },
): string[] {
  const lines: string[] = []
  let line = first
  let isEmpty = true
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = hanging
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line]
}
