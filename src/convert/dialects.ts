/** The dialects there are: which official saver will read the target. */
import type { Dialect, OpenConverter } from './converter.js'
import { JsRows } from './js/rows.js'
import { withKnownParents } from './known-parents.js'
import { PythonRows } from './python/rows.js'
import { type DialectContext, type DialectRows, ThreadFrame } from './thread-frame.js'

const converterOf = (openDialect: (context: DialectContext) => DialectRows): OpenConverter =>
  withKnownParents(
    (threadId, known, rows, report, options) =>
      new ThreadFrame(threadId, known, rows, report, options, openDialect),
  )

export const DIALECTS: Readonly<Record<Dialect, OpenConverter>> = {
  python: converterOf((context) => new PythonRows(context)),
  js: converterOf((context) => new JsRows(context)),
}
