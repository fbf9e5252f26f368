/** The published JSON Schema of every document that `--json` prints: docs/report.schema.json is this, and a test keeps it so. */
import { z } from 'zod'
import { config, doctor, failed, init, inspect, status, threads } from './knowing.js'
import { detect, migrate, verify } from './moving.js'
import { ledgerDrop, prune, purgeRedis, restoreArchive, rollback } from './tidying.js'

/** By the command that prints it. */
export const DOCUMENTS = {
  detect,
  migrate,
  verify,
  rollback,
  'purge-redis': purgeRedis,
  prune,
  'restore-archive': restoreArchive,
  'ledger drop': ledgerDrop,
  init,
  status,
  inspect,
  threads,
  config,
  doctor,
  failed,
} as const

const definitionOf = (name: string): string => name.replace(' ', '-')

/** zod says of every whole number how large JavaScript's can be; that is no news. */
function withoutLargestInteger({ jsonSchema }: { readonly jsonSchema: Record<string, unknown> }): void {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
}

export function reportSchema(): Record<string, unknown> {
  const definitions = Object.entries(DOCUMENTS).map(([name, document]) => {
    const { $schema: _, ...schema } = z.toJSONSchema(document, { override: withoutLargestInteger })
    return [definitionOf(name), schema] as const
  })
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'cp-migrate --json',
    description:
      'What each command prints with --json, exactly as this version does. `schemaVersion` rises when a field is renamed, removed or changes its meaning; a later version may add fields without.',
    anyOf: definitions.map(([name]) => ({ $ref: `#/$defs/${name}` })),
    $defs: Object.fromEntries(definitions),
  }
}
