/** A number for a monitoring system, as Prometheus means it. */
export interface Measure {
  /** Without the prefix `cp_migrate_`; with its unit: `bytes_read_total`. */
  readonly name: string
  readonly help: string
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}
