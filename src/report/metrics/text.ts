/** Measures in Prometheus' text format (0.0.4), as node-exporter's textfile collector reads it. */
import type { Measure } from '../../model/measure.js'

const PREFIX = 'cp_migrate_'

/** `labels` are on every line. Measures of one name stand together, as the format wants it. */
export function metricsText(measures: readonly Measure[], labels: Readonly<Record<string, string>>): string {
  const names = [...new Set(measures.map(({ name }) => name))]
  return names
    .flatMap((name) => {
      const same = measures.filter((measure) => measure.name === name)
      const full = `${PREFIX}${name}`
      return [
        `# HELP ${full} ${same[0]!.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
        `# TYPE ${full} gauge`,
        ...same.map((one) => `${full}${labelText({ ...labels, ...one.labels })} ${numberText(one.value)}`),
      ]
    })
    .map((line) => `${line}\n`)
    .join('')
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

const numberText = (value: number): string => (Number.isFinite(value) ? String(value) : 'NaN')
