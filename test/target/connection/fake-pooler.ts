/** A transaction pooler in miniature: every client talks to one server session, which changes hands after each transaction. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { atEndOfFile } from '../../services/each-file.js'

/** Gives its port. `url` is the server behind it, which must let us in without a password. */
export async function transactionPooler(url: string): Promise<number> {
  const { hostname, port, username, pathname } = new URL(url)
  const server = await loggedIn(connect(Number(port), hostname), username, pathname.slice(1))
  /** Only one client's transaction runs at a time; the others wait for their turn. */
  let turn: Promise<void> = Promise.resolve()

  const pooler = createServer((client) => {
    let isStarted = false
    client.on('error', () => {})
    client.on('data', (bytes) => {
      if (!isStarted) {
        isStarted = true
        client.write(
          Buffer.concat([message('R', [0, 0, 0, 0]), message('K', [0, 0, 0, 99, 0, 0, 0, 99]), READY]),
        )
        return
      }
      if (bytes[0] === 'X'.charCodeAt(0)) return client.end()
      turn = turn.then(async () => {
        server.write(bytes)
        for (let answer = Buffer.alloc(0); ; ) {
          const [part] = (await once(server, 'data')) as [Buffer]
          client.write(part)
          answer = Buffer.concat([answer, part])
          if (answer.subarray(-6, -1).equals(READY.subarray(0, 5))) return
        }
      })
    })
  }).listen(0, '127.0.0.1')
  await once(pooler, 'listening')
  atEndOfFile(async () => {
    server.destroy()
    pooler.close()
  })
  return (pooler.address() as { port: number }).port
}

const message = (type: string, body: readonly number[]): Buffer => {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, Buffer.from(body)])
}
const READY = message('Z', ['I'.charCodeAt(0)])

async function loggedIn(server: Socket, user: string, database: string): Promise<Socket> {
  const body = Buffer.from(`\0\x03\0\0user\0${user}\0database\0${database}\0\0`)
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  server.write(Buffer.concat([length, body]))
  for (let answer = Buffer.alloc(0); !answer.subarray(-6).equals(READY); ) {
    const [part] = (await once(server, 'data')) as [Buffer]
    answer = Buffer.concat([answer, part])
  }
  return server
}
