/** Payloads taken apart, a line a piece with the offset where it stands. */
import type { ShownPayload } from '../../model/inspect-report.js'
import type { Outline } from '../../model/outline.js'
import { printableText } from '../../model/printable.js'
import { formatBytes, formatCount } from '../format.js'
import type { Style } from '../style.js'

/** One line a payload: what it is and how large. */
export function payloadLines(payloads: readonly ShownPayload[]): string[] {
  return payloads.map(({ name, bytes, encoding, problem }) => {
    const trouble = problem === undefined ? '' : `   cannot be read: ${printableText(problem)}`
    return `  ${name === null ? '' : `${printableText(name)}   `}${encoding}, ${formatBytes(bytes)}${trouble}`
  })
}

export function outlineLines(payloads: readonly ShownPayload[], style: Style): string[] {
  return payloads.flatMap((payload) => [...payloadLines([payload]), ...linesOf(payload.outline, 1, style)])
}

function linesOf(outline: Outline, depth: number, style: Style): string[] {
  const { at, end, kind, label, text, items, inside } = outline
  const place = at === null ? '' : end === undefined ? String(at) : `${at}–${end}`
  const name = label === undefined ? '' : `${printableText(label)}: `
  const size = items === undefined ? '' : ` of ${formatCount(items.length)}`
  const what = `${printableText(kind)}${size}${text === undefined ? '' : ` ${printableText(text)}`}`
  const indent = '  '.repeat(depth)
  return [
    `${style.faint(place.padStart(15))} ${indent}${name}${what}`,
    ...(items ?? []).flatMap((item) => linesOf(item, depth + 1, style)),
    ...(inside === undefined
      ? []
      : [
          `${' '.repeat(15)} ${indent}  ${style.faint(`holds ${inside.encoding}`)}`,
          ...linesOf(inside.outline, depth + 2, style),
        ]),
  ]
}
