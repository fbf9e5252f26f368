/** Layouts of LangGraph's SQLite savers: rows of a file, which the source names as if they were keys. */
import { rowOfKey, type SqliteSaver } from '../../model/sqlite.js'
import { keyedReadingOrder } from '../keys/key-forms.js'
import type { Layout } from '../layout.js'
import { SqliteThread } from './thread.js'

const sqliteLayout = (
  saver: SqliteSaver,
  { id, title, writtenBy }: Pick<Layout, 'id' | 'title' | 'writtenBy'>,
): Layout => ({
  id,
  title,
  writtenBy,
  dialect: saver,
  claim(key, type) {
    const row = type === 'hash' ? rowOfKey(saver, key) : null
    if (row === null) return null
    const { table, threadId, checkpointNs, checkpointId } = row
    return {
      layout: id,
      role: table === 'writes' ? 'write' : 'checkpoint',
      threadId,
      checkpointNs,
      checkpointId,
    }
  },
  recognises: ({ role }) => ({
    yes: true,
    evidence: role === 'write' ? 'row of the table writes' : 'row of the table checkpoints',
  }),
  readingOrder: (keys) => keyedReadingOrder(keys),
  openThread: (_threadId, sink) => new SqliteThread(saver, sink),
})

/** No key of a Redis is named like their rows. */
export const SQLITE_LAYOUTS: readonly Layout[] = [
  sqliteLayout('python', {
    id: 'sqlite-python',
    title: 'SqliteSaver of langgraph-checkpoint-sqlite (a file)',
    writtenBy: 'SqliteSaver, AsyncSqliteSaver of langgraph-checkpoint-sqlite 1.0.0–3.1.2',
  }),
  sqliteLayout('js', {
    id: 'sqlite-js',
    title: 'SqliteSaver for JavaScript (a file)',
    writtenBy: 'SqliteSaver of @langchain/langgraph-checkpoint-sqlite 0.0.1–1.0.4',
  }),
]
