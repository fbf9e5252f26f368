/** Looks up what stands in Redis under the keys of a chunk, and what is to become of each. */
import type { KeyOfType, Source } from '../../source/source.js'
import type { Postgres } from '../../target/connection/connect.js'
import type { RecordedKey } from '../../target/ledger/pack.js'
import { type CurrentThread, type LedgerScope, readThreads } from '../../target/ledger/read.js'
import { creation, judged, type KeyVerdict } from './judge.js'
import type { KeyOrder } from './key-order.js'

/** Values read at once: those of a checkpoint hold all of the thread's state. */
const READ_TOGETHER = 50

export class StandingKeys {
  private readonly originals = new Map<string, CurrentThread | null>()

  constructor(
    private readonly source: Source,
    private readonly postgres: Postgres,
    /** What the way there has on record of this Redis; null where there is no ledger. */
    private readonly there: LedgerScope | null,
  ) {}

  async verdicts(
    orders: readonly KeyOrder[],
    recordedOf: (order: KeyOrder) => RecordedKey | undefined,
    /** A verification has found the thread different: what the ledger says of its keys is not believed. */
    isDoubted: (threadId: string) => boolean,
  ): Promise<ReadonlyMap<KeyOrder, KeyVerdict>> {
    const types = await this.source.types(orders.map(({ write }) => write.key))
    const verdicts = new Map<KeyOrder, KeyVerdict>()
    const standing: { readonly order: KeyOrder; readonly request: KeyOfType }[] = []
    for (const [at, order] of orders.entries()) {
      const type = types[at] ?? null
      if (type === null) verdicts.set(order, creation(order))
      else if (!isDoubted(order.threadId) && recordedOf(order)?.digest?.equals(order.digest))
        verdicts.set(order, { do: 'nothing' })
      else standing.push({ order, request: { key: order.write.key, type } })
    }
    await this.loadOriginals(standing.map(({ order }) => order.threadId))
    for (let at = 0; at < standing.length; at += READ_TOGETHER) {
      const group = standing.slice(at, at + READ_TOGETHER)
      const results = await this.source.read(group.map(({ request }) => request))
      for (const [place, result] of results.entries()) {
        const { order, request } = group[place]!
        const originals = this.originals.get(order.threadId)?.keys
        if (result.state === 'gone') verdicts.set(order, creation(order))
        else if (result.state === 'read')
          verdicts.set(order, judged(order, result.value, { recorded: recordedOf(order), originals }))
        else {
          const detail = `it is of type ${request.type}`
          verdicts.set(order, { do: 'conflict', reason: 'key-differs', detail })
        }
      }
    }
    return verdicts
  }

  /** The threads' keys as the way there has read them. */
  private async loadOriginals(threadIds: readonly string[]): Promise<void> {
    const { there } = this
    const unknown = [...new Set(threadIds)].filter((id) => !this.originals.has(id))
    if (there === null || unknown.length === 0) return
    const threads = await this.postgres.use((session) => readThreads(session, there, unknown))
    for (const id of unknown) this.originals.set(id, threads.get(id) ?? null)
  }
}
