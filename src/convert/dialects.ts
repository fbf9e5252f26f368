/** The dialects there are: which official saver will read the target. */
import type { Dialect, OpenConverter } from './converter.js'
import { PythonThread } from './python-thread.js'

export const DIALECTS: Readonly<Partial<Record<Dialect, OpenConverter>>> = {
  python: (threadId, known, rows, report, options) =>
    new PythonThread(threadId, known, rows, report, options),
}
