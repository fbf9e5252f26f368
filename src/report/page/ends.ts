/** The two servers of a report, as a page names them. */
import { printableText } from '../../model/printable.js'
import type { EndpointNote } from '../../model/report.js'
import { sayFor } from '../way-back.js'

export function endsOf(
  source: EndpointNote | null,
  target: EndpointNote | null,
): { label: string; endpoint: string }[] {
  const say = sayFor({ source, target })
  return [
    ...(source === null ? [] : [{ label: say('Redis'), endpoint: textOf(source) }]),
    ...(target === null ? [] : [{ label: say('Postgres'), endpoint: textOf(target) }]),
  ]
}

const textOf = ({ endpoint, schema }: EndpointNote): string =>
  schema === undefined ? endpoint : `${endpoint}, schema ${printableText(schema)}`
