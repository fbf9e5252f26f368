/** Why a connection did not come about, in words that send people to the right place. */
import { expect, test } from 'vitest'
import { parsePostgresUrl } from '../../../src/commands/endpoint-url.js'
import { explain } from '../../../src/model/failure.js'
import { connectFailure } from '../../../src/target/connection/connect-failure.js'

const endpoint = parsePostgresUrl('postgres://app@db/agents', {})
const said = (code: string, message: string) => Object.assign(new Error(message), { code })

test.each([
  ['53100', 'could not write init file: No space left on device', 'disk-full', 1],
  ['53200', 'out of memory', 'memory-full', 1],
  ['53300', 'sorry, too many clients already', 'postgres-full', 5],
  ['57P03', 'the database system is starting up', 'postgres-starting', 5],
  ['ECONNREFUSED', 'connect ECONNREFUSED', 'postgres-refused', 5],
] as const)('%s: %s', (code, message, id, exit) => {
  const failure = connectFailure(said(code, message), endpoint, { connectTimeoutMs: 1000 })
  expect(explain(failure)).toMatchObject({ id, exit })
})
