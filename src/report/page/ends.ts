/** The two servers of a report, as a page names them. */
import { printableText } from '../../model/printable.js'
import type { EndpointNote } from '../../model/report.js'

export function endsOf(
  source: EndpointNote | null,
  target: EndpointNote | null,
): { label: string; endpoint: string }[] {
  return [
    ...(source === null ? [] : [{ label: 'Redis', endpoint: source.endpoint }]),
    ...(target === null ? [] : [{ label: 'Postgres', endpoint: postgresText(target) }]),
  ]
}

const postgresText = ({ endpoint, schema }: EndpointNote): string =>
  schema === undefined ? endpoint : `${endpoint}, schema ${printableText(schema)}`
