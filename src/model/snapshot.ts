/** An RDB snapshot as a source: how its URL is told, and what the ledger calls it. */
import { printableText } from './printable.js'

export interface SnapshotEndpoint {
  readonly engine: 'rdb'
  /** Absolute. */
  readonly path: string
  /** The logical database. */
  readonly db: number
  /** Nobody logs in to a file. */
  readonly username?: never
  readonly password?: never
  readonly certificates?: never
}

/** `file:/backups/dump.rdb?db=0`: as it may be given again. */
export const snapshotUrl = ({ path, db }: SnapshotEndpoint): string =>
  printableText(`file:${escapedPath(path)}${db === 0 ? '' : `?db=${db}`}`)

/** The path of the file, so that a newer snapshot under the same name is the same source; never the name of a server. */
export const snapshotName = ({ path, db }: SnapshotEndpoint): string => `file:${path}/${db}`

/** Signs with a meaning in URLs, and those no terminal should see. */
const escapedPath = (path: string): string => path.replace(/[%?#\u0000-\u001f\u007f]/g, encodeURIComponent)
