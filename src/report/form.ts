/** How a report is wanted on stdout. */
export interface Form {
  readonly format: 'text' | 'json' | 'line'
  /** The width to write for. */
  readonly columns: number
  readonly colored: boolean
}
