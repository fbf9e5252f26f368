/** Lets other programs connect to a database in a folder for a while: Postgres' protocol over TCP, one client at a time. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { Backend } from './turns.js'
import { Turns } from './turns.js'
import { Wire } from './wire.js'

/** Requests before the first message, each 4 bytes of length and 4 of code. TLS and GSSAPI are declined with `N`. */
const DECLINED: ReadonlySet<number> = new Set([80877103, 80877104])
const CANCEL = 80877102
const REQUEST_BYTES = 8
/** Statements that one client has prepared would be in the way of the next. */
const FAREWELL = 'DISCARD ALL'

export interface Serving {
  readonly port: number
  /** Hangs up on everybody. */
  close(): Promise<void>
}

/** Listens on this machine only. Clients beyond the first wait until it has gone. Port 0 takes any that is free. */
export async function serveBackend(backend: Backend, port: number): Promise<Serving> {
  const turns = new Turns()
  const sockets = new Set<Socket>()
  let last: Promise<unknown> = Promise.resolve()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    const before = last
    last = before.then(() => serveOne(socket, new Wire(backend, turns, FAREWELL)))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await last
    },
  }
}

/** Ends when the client has gone and the server has forgotten it. */
async function serveOne(socket: Socket, wire: Wire): Promise<void> {
  if (socket.destroyed) return
  const gone = Promise.all([once(socket, 'close'), once(wire, 'close')])
  wire.on('error', () => socket.destroy())
  wire.on('data', (chunk: Buffer) => socket.write(chunk))
  wire.on('end', () => socket.end())
  socket.on('close', () => wire.destroy())
  let head: Buffer | null = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    if (head === null) {
      wire.write(chunk)
      return
    }
    head = Buffer.concat([head, chunk])
    const declined = head.length >= REQUEST_BYTES && DECLINED.has(head.readInt32BE(4))
    if (declined) {
      head = head.subarray(REQUEST_BYTES)
      socket.write('N')
    }
    if (head.length < REQUEST_BYTES) return
    const first = head
    head = null
    // There is nobody to cancel: the one client would have to ask while it waits.
    if (first.readInt32BE(4) === CANCEL) socket.destroy()
    else wire.write(first)
  })
  await gone
}
