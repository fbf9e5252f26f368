/** A TCP proxy that breaks the wire on purpose: late, cut after so many bytes, half closed, or at a COMMIT. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { atEndOfFile } from './each-file.js'
import { type CommitMoment, type Piece, PostgresTraffic } from './postgres-wire.js'

export type Direction = 'toServer' | 'toClient'

/** What to do to the connections made from now on; each property by itself or with others. */
export interface Fault {
  /** Ends the connection when this many bytes have gone in that direction, in the middle of whatever it was. */
  readonly cutAfter?: { readonly direction: Direction; readonly bytes: number; readonly how?: Ending }
  /** Holds every piece back for so long, in both directions. */
  readonly delayMs?: number
  /** Refuses new connections at once. */
  readonly refuse?: boolean
  /** Runs `act` before each piece that holds this text goes to the server. */
  readonly before?: { readonly text: string; readonly act: () => Promise<void> }
  /**
   * Speaks Postgres: called around every COMMIT, numbered from 1 over all connections. `before`: the statement has not reached
   * the server; `after`: the server has committed, the client does not know. What it returns happens to the connection.
   */
  readonly atCommit?: (
    moment: CommitMoment,
    commit: number,
  ) => Promise<Ending | undefined> | Ending | undefined
  /** Called before each piece is passed on; what it returns happens to the connection instead. */
  readonly onPiece?: (direction: Direction, bytes: Buffer) => Promise<Ending | undefined> | Ending | undefined
}

/** `close`: an orderly end; `reset`: RST, as from a machine that died; `half`: our side says no more but goes on listening. */
export type Ending = 'close' | 'reset' | 'half'

export interface Proxy {
  readonly port: number
  /** The same URL through the proxy. */
  url(of: string): string
  /** Replaces the fault for connections made from now on; `{}` heals. */
  set(fault: Fault): void
  /** Ends every open connection. */
  endAll(how?: Ending): void
  /** Connections made so far. */
  connections(): number
  /** COMMITs that the server has confirmed so far, seen only while `atCommit` is set. */
  commits(): number
  /** Ends it before the file ends, for those who make hundreds. */
  close(): void
}

/** A proxy in front of the server that `target` names (redis:// or postgresql://), closed after the file. */
export async function proxyTo(target: string, first: Fault = {}): Promise<Proxy> {
  const { hostname, port } = new URL(target)
  const open = new Set<Wire>()
  const counts = { made: 0, before: 0, after: 0 }
  let fault = first

  const server = createServer((client) => {
    counts.made++
    if (fault.refuse) return void client.resetAndDestroy()
    const upstream = connect({ host: hostname, port: Number(port) })
    const wire: Wire = { client, upstream }
    open.add(wire)
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true)
      socket.on('error', () => end(wire, 'close'))
      socket.on('close', () => {
        open.delete(wire)
        end(wire, 'close')
      })
    }
    const { atCommit } = fault
    const traffic = atCommit ? new PostgresTraffic() : undefined
    const hook = atCommit && ((moment: CommitMoment) => atCommit(moment, ++counts[moment]))
    void pump(wire, 'toServer', fault, (chunk) => traffic?.fromClient(chunk) ?? [{ bytes: chunk }], hook)
    void pump(wire, 'toClient', fault, (chunk) => traffic?.fromServer(chunk) ?? [{ bytes: chunk }], hook)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')

  const endAll = (how: Ending = 'reset') => {
    for (const wire of open) end(wire, how)
  }
  const close = () => {
    endAll()
    server.close()
  }
  atEndOfFile(async () => close())
  return {
    port: address.port,
    url: (of) => Object.assign(new URL(of), { hostname: '127.0.0.1', port: String(address.port) }).href,
    set: (next) => {
      fault = next
    },
    endAll,
    connections: () => counts.made,
    commits: () => counts.after,
    close,
  }
}

interface Wire {
  readonly client: Socket
  readonly upstream: Socket
}

type Hook = (moment: CommitMoment) => Promise<Ending | undefined> | Ending | undefined

/** Passes bytes on in one direction, one piece after the other, until a fault or an end. */
async function pump(
  wire: Wire,
  direction: Direction,
  fault: Fault,
  split: (chunk: Buffer) => readonly Piece[],
  hook: Hook | undefined,
): Promise<void> {
  const [from, to] = direction === 'toServer' ? [wire.client, wire.upstream] : [wire.upstream, wire.client]
  const cut = fault.cutAfter?.direction === direction ? fault.cutAfter : undefined
  let left = cut?.bytes ?? Number.POSITIVE_INFINITY
  const before = direction === 'toServer' ? fault.before : undefined
  try {
    for await (const chunk of from) {
      for (const { bytes, commit } of split(chunk)) {
        if (fault.delayMs) await sleep(fault.delayMs)
        if (before !== undefined && bytes.includes(before.text)) await before.act()
        const ending = commit && (await hook?.(commit))
        if (ending) return end(wire, ending)
        const other = await fault.onPiece?.(direction, bytes)
        if (other) return end(wire, other)
        const passed = bytes.subarray(0, left)
        left -= passed.length
        if (!to.write(passed)) await Promise.race([once(to, 'drain'), once(to, 'close')])
        if (left === 0) return end(wire, cut?.how ?? 'close')
      }
    }
    to.end()
  } catch {
    end(wire, 'close') // one side is gone: so is the other
  }
}

function end({ client, upstream }: Wire, how: Ending): void {
  if (how === 'half') {
    client.end()
    return
  }
  for (const socket of [client, upstream]) {
    if (how === 'reset') socket.resetAndDestroy()
    else socket.destroySoon() // what was written still goes out
  }
}
