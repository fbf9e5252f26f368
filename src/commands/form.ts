/** In what form a report is wanted on stdout. */
import type { Form } from '../report/form.js'
import type { Context } from './command.js'

export const formOf = ({ output: { json, quiet, color }, columns, isTty }: Context): Form => ({
  format: json ? 'json' : quiet ? 'line' : 'text',
  columns,
  colored: color && isTty,
})
