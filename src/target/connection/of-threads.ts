/** How the rows of a batch of threads are found: by the index, whatever the server thinks of the table. */
import { qualified } from './session.js'

/**
 * SQL of a FROM item whose last table, yet to be named, holds the rows of the threads in $1. Of a table without statistics, as new ones are,
 * the server thinks that a few threads are most of it, and reads it from end to end for every batch.
 */
export const ofThreads = (schema: string, table: string): string =>
  `(SELECT DISTINCT unnest($1::text[])) AS wanted (thread_id)
     CROSS JOIN LATERAL (SELECT * FROM ${qualified(schema, table)} r WHERE r.thread_id = wanted.thread_id OFFSET 0)`
