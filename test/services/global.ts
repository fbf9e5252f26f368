/** Postgres servers that all test files of one run share: each starts when the first file asks for it. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { TestProject } from 'vitest/node'
import { type PostgresServer, startPostgres } from '../../scripts/services/postgres.mjs'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where a worker asks for a shared server: GET /postgres/VERSION answers with its URL. */
    sharedServers: string
  }
}

export default async function sharedServers({ provide }: TestProject): Promise<() => Promise<void>> {
  const started = new Map<string, Promise<PostgresServer>>()
  const desk = createServer(async (request, response) => {
    const version = request.url?.split('/').pop() ?? ''
    const settings = { max_connections: '200' }
    if (!started.has(version)) started.set(version, startPostgres({ version, settings }))
    try {
      const server = await started.get(version)
      response.end(server?.url)
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  }).listen(0, '127.0.0.1')
  await once(desk, 'listening')
  const address = desk.address()
  if (address === null || typeof address === 'string') throw new Error('no port for the shared servers')
  provide('sharedServers', `http://127.0.0.1:${address.port}`)

  return async () => {
    desk.closeAllConnections()
    desk.close()
    for (const server of started.values()) await server.then(({ stop }) => stop()).catch(() => {})
  }
}
