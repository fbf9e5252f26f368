/**
 * Moves a batch of threads back: a chunk of keys at a time is looked up in Redis, put on record, and written, documents before the pointers
 * that name them. A process that dies after any step leaves keys that the ledger knows; the same batch again finishes them.
 */
import type { RedisPrefixes } from '../../convert/redis/options.js'
import { type Finding, kindOf } from '../../model/finding.js'
import type { wayBack } from '../../pipeline/way-back.js'
import type { Pace } from '../../source/pace.js'
import type { Source } from '../../source/source.js'
import type { Postgres } from '../../target/connection/connect.js'
import { keyText } from '../../target/ledger/pack.js'
import type { LedgerScope } from '../../target/ledger/read.js'
import { digestOfValue } from '../../target/redis/key-digest.js'
import type { RedisWriter } from '../../target/redis/writer.js'
import { knownCheckpoints, type NewestCheckpoint, newestCheckpoints } from '../../target/rows/thread-names.js'
import { Chunk } from './chunk.js'
import type { KeyVerdict } from './judge.js'
import { type KeyOrder, ordersOf } from './key-order.js'
import type { BackLedger, Replaced } from './ledger.js'
import { newerInRedis } from './newer.js'
import { StandingKeys } from './standing.js'
import type { ThreadWork } from './thread-work.js'

export interface MoverOptions {
  readonly postgres: Postgres
  readonly schema: string
  readonly redis: { readonly source: Source; readonly writer: RedisWriter }
  readonly dialect: 'python' | 'js'
  readonly prefixes: RedisPrefixes
  readonly ledger: BackLedger
  /** What the way there has on record of this Redis; null where there is no ledger. */
  readonly there: LedgerScope | null
  readonly pace: Pace | null
  readonly chunkBytes: number
  /** Keys of earlier runs may live for another time than this one wants. */
  readonly changesLife: boolean
  /** How the rows become keys. */
  readonly keysOf: typeof wayBack
  readonly signal: AbortSignal
  onBytes(bytes: number): void
}

export interface MovedBatch {
  readonly threads: readonly ThreadWork[]
  readonly findings: readonly Finding[]
  /** Threads that Redis has gone on with. */
  readonly newer: ReadonlySet<string>
}

/** Keys that are asked about at once. */
const MAX_KEYS = 2000

export class BackMover {
  private readonly findings: Finding[] = []
  /** Keys of ours that were there already and are to live as long as the new ones. */
  private readonly lasting: Buffer[] = []
  private readonly standing: StandingKeys

  private constructor(
    private readonly options: MoverOptions,
    private readonly works: ReadonlyMap<string, ThreadWork>,
  ) {
    this.standing = new StandingKeys(options.redis.source, options.postgres, options.there)
  }

  /** Everything of these threads, or as much as Redis can take. Throws the errors of both servers; then nothing was counted. */
  static async move(options: MoverOptions, threadIds: readonly string[]): Promise<MovedBatch> {
    const { postgres, schema, ledger } = options
    const newest = await postgres.use((session) => newestCheckpoints(session, schema, threadIds))
    const works = await ledger.works(threadIds)
    const known = (heads: readonly NewestCheckpoint[]) =>
      postgres.use((session) => knownCheckpoints(session, schema, heads))
    const newer = await newerInRedis(options.redis, newest, { ...options, known })
    const mover = new BackMover(options, works)
    for (const head of newer.values()) mover.conflict({ reason: 'redis-is-newer', ...head })
    await mover.run(threadIds.filter((id) => !newer.has(id)))
    await ledger.end([...works.values()], mover.findings)
    return { threads: [...works.values()], findings: mover.findings, newer: new Set(newer.keys()) }
  }

  private async run(threadIds: readonly string[]): Promise<void> {
    if (threadIds.length === 0) return
    const { postgres, prefixes, signal, chunkBytes, keysOf } = this.options
    const session = await postgres.open()
    let writing: Promise<void> = Promise.resolve()
    let chunk = new Chunk()
    const keepDocument = (document: Buffer) => chunk.documents.keep(document)
    // While one chunk is written the next is converted.
    const write = async () => {
      const full = chunk
      chunk = new Chunk()
      await writing
      writing = this.write(full.orders).then(() => full.documents.letGo())
      writing.catch(() => {})
    }
    try {
      const onFinding = (finding: Finding) => this.noteFinding(finding)
      // A Postgres in this process has one voice: while a thread is read, nothing else can be said to it.
      const waits = postgres.endpoint.engine === 'pglite'
      for await (const part of keysOf(session, { ...this.options, threadIds, onFinding, keepDocument })) {
        signal.throwIfAborted()
        chunk.add(ordersOf(part, prefixes.checkpointWrite))
        if (!waits && (chunk.bytes >= chunkBytes || chunk.orders.length >= MAX_KEYS)) await write()
      }
      await write()
      await writing
    } finally {
      await writing.catch(() => {})
      await session.close()
    }
  }

  private noteFinding(finding: Finding): void {
    this.findings.push(finding)
    const work = finding.threadId === undefined ? undefined : this.works.get(finding.threadId)
    if (work !== undefined && kindOf(finding) === 'rejected') work.rejected++
  }

  private conflict(finding: Finding & { readonly threadId: string }): void {
    this.findings.push(finding)
    this.works.get(finding.threadId)!.conflicts++
  }

  private async write(orders: readonly KeyOrder[]): Promise<void> {
    if (orders.length === 0) return
    const { pace, signal, ledger, redis } = this.options
    await pace?.turn()
    signal.throwIfAborted()
    const verdicts = await this.standing.verdicts(
      orders,
      (order) => this.recordedOf(order),
      (threadId) => this.works.get(threadId)?.recorded?.progress === 'differs',
    )
    const going = this.going(orders, verdicts)
    if (ledger.isOpen) {
      await this.claim(going)
      // A pointer must not name what is not there yet.
      await this.carryOut(going.filter(({ order }) => order.kind !== 'pointer'))
      await this.carryOut(going.filter(({ order }) => order.kind === 'pointer' && !this.namesTaken(order)))
      await redis.writer.prolong(this.lasting.splice(0))
    } else for (const { order, verdict } of going) this.tally(order, verdict)
    const bytes = orders.reduce((sum, order) => sum + order.bytes, 0)
    pace?.took(orders.length, bytes)
    this.options.onBytes(bytes)
  }

  private recordedOf({ threadId, write }: KeyOrder) {
    return this.works.get(threadId)?.recorded?.keys.get(keyText(write.key))
  }

  /** What is to be done: conflicts are told, and a checkpoint whose document is another's gets nothing of ours. */
  private going(orders: readonly KeyOrder[], verdicts: ReadonlyMap<KeyOrder, KeyVerdict>): Going[] {
    const going: Going[] = []
    const isTaken = new Set<string>()
    for (const order of orders) {
      const verdict = verdicts.get(order)!
      if (verdict.do !== 'conflict') continue
      this.conflictOf(order, verdict.reason, verdict.detail)
      if (order.kind === 'document') isTaken.add(checkpointOf(order))
    }
    for (const order of orders) {
      const verdict = verdicts.get(order)!
      if (verdict.do === 'conflict' || isTaken.has(checkpointOf(order)) || this.namesTaken(order)) continue
      if (verdict.do === 'nothing') this.stays(order)
      else going.push({ order, verdict })
    }
    return going
  }

  /** What an interrupted run has written may not know yet how long it lives, and an earlier one may have told it otherwise. */
  private stays(order: KeyOrder): void {
    const { key } = order.write
    const work = this.works.get(order.threadId)!
    work.count(order, 'there')
    const isOurs = this.options.changesLife && this.recordedOf(order)?.use === 'migrated'
    if (isOurs || work.madeHere(key)) this.lasting.push(key)
  }

  private conflictOf(order: KeyOrder, reason: 'key-differs' | 'redis-is-newer', detail: string): void {
    const { threadId, checkpointNs, checkpointId, write, kind } = order
    if (kind === 'document') this.works.get(threadId)!.taken.add(keyText(write.key))
    const place = { threadId, checkpointNs, ...(checkpointId !== null && { checkpointId }) }
    this.conflict({ reason, ...place, key: write.key, ...(detail !== '' && { detail }) })
  }

  private namesTaken({ kind, threadId, write }: KeyOrder): boolean {
    if (kind !== 'pointer' || write.type !== 'string') return false
    return this.works.get(threadId)!.taken.has(keyText(write.value))
  }

  private async claim(going: readonly Going[]): Promise<void> {
    if (going.length === 0) return
    const replaced: Replaced[] = []
    for (const { order, verdict } of going) {
      const { threadId, write } = order
      const work = this.works.get(threadId)!
      if (verdict.do === 'replace' && !work.madeHere(write.key))
        replaced.push({ threadId, key: write.key, type: write.type, value: verdict.before })
      work.claim(order, verdict.record, verdict.do)
    }
    const works = new Set(going.map(({ order }) => this.works.get(order.threadId)!))
    await this.options.ledger.claim([...works], replaced)
  }

  private async carryOut(going: readonly Going[]): Promise<void> {
    const { writer } = this.options.redis
    const made = going.filter(({ verdict }) => verdict.do === 'create')
    const created = made.length === 0 ? [] : await writer.create(made.map(({ order }) => order.write))
    for (const [at, { order, verdict }] of made.entries())
      this.settle(order, verdict, created[at] === 'written')
    for (const { order, verdict } of going) {
      if (verdict.do !== 'replace') continue
      const [done] = await writer.replace(
        [verdict.write],
        (_, now) => now !== null && digestOfValue(now).equals(verdict.seen),
      )
      this.settle(order, verdict, done === 'written')
      // A pointer must not go before the documents that it names now.
      if (done === 'written' && verdict.record.use === 'migrated') this.lasting.push(order.write.key)
    }
  }

  private settle(order: KeyOrder, verdict: Going['verdict'], isWritten: boolean): void {
    if (isWritten) {
      this.tally(order, verdict)
      return
    }
    this.works.get(order.threadId)!.disclaim(order)
    this.conflictOf(order, 'key-differs', 'it was written by another in this very moment')
  }

  private tally(order: KeyOrder, verdict: Going['verdict']): void {
    const { threadId, checkpointNs, checkpointId, kind } = order
    if (kind === 'document' && checkpointId !== null && verdict.record.use === 'foreign')
      this.findings.push({ reason: 'writes-shown', threadId, checkpointNs, checkpointId })
    this.works.get(order.threadId)!.count(order, verdict.do === 'create' ? 'created' : 'changed')
  }
}

interface Going {
  readonly order: KeyOrder
  readonly verdict: KeyVerdict & { readonly do: 'create' | 'replace' }
}

const checkpointOf = ({ threadId, checkpointNs, checkpointId }: KeyOrder): string =>
  `${threadId}\0${checkpointNs}\0${checkpointId ?? '\0'}`
