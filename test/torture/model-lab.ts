/** The servers of a sequence, the application on them, and the tool. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { commandLine, ends } from '../acceptance/command-line.js'
import { atEndOfFile } from '../services/each-file.js'
import type { Peer } from '../services/peer.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { pythonPeer } from '../services/python.js'
import { freshRedis, redisClient } from '../services/redis.js'
import type { Step } from './model-steps.js'
import { untilAlone } from './truth.js'

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'cp-migrate.js')

/** Where a checkpoint is, and whether it holds there what was written. */
export interface Seen {
  readonly thread: string
  readonly ns: string
  readonly id: string
  readonly redis: 'absent' | 'equal' | 'other'
  readonly postgres: 'absent' | 'equal' | 'other'
  /** Where one is `other`. */
  readonly values?: unknown
}

export interface Done {
  /** For the table at the end. */
  readonly name: string
  readonly wasKilled: boolean
  /** Exit code of the tool. */
  readonly exit: number | null
  /** The tool's report, where it came to give one. */
  readonly report: unknown
  /** Namespace and id of the checkpoint that the application was at. */
  readonly at: readonly [ns: string, id: string] | null
  readonly broken: readonly string[]
}

export class ModelLab {
  private readonly folder = mkdtempSync(join(tmpdir(), 'cp-migrate-model-'))
  private archives = 0

  private constructor(
    private readonly redisUrl: string,
    private readonly postgresUrl: string,
    private readonly redis: Redis,
    private readonly app: Peer,
  ) {
    atEndOfFile(async () => rmSync(this.folder, { recursive: true, force: true }))
  }

  static async make(): Promise<ModelLab> {
    const [{ url: redis }, postgres] = await Promise.all([freshRedis(), freshDatabase()])
    const init = await commandLine('init --quiet', ends(redis, postgres))
    if (init.exit !== 0) throw new Error(init.err)
    const app = await pythonPeer(join(import.meta.dirname, 'apps', 'model.py'), { args: [redis, postgres] })
    return new ModelLab(redis, postgres, redisClient(redis), app)
  }

  /** As if nothing had been; the search indexes of the saver stay. */
  async empty(): Promise<void> {
    this.archives++
    const keys = await this.redis.keys('*')
    if (keys.length > 0) await this.redis.del(keys)
    const ours = ['threads', 'runs', 'inserted', 'replaced', 'findings', 'verifications']
    const theirs = ['checkpoints', 'checkpoint_blobs', 'checkpoint_writes']
    await sql(
      this.postgresUrl,
      `TRUNCATE ${[...theirs, ...ours.map((table) => `cp_migrate.${table}`)].join(', ')}`,
    )
    await this.ask({ do: 'forget' })
  }

  look(): Promise<Seen[]> {
    return this.ask({ do: 'look' })
  }

  async take(step: Step): Promise<Done> {
    if (!('flags' in step)) {
      const at = await this.ask<[string, string] | null>(step)
      return { name: step.do, wasKilled: false, exit: null, report: null, at, broken: [] }
    }
    const line = this.lineOf(step)
    if (line === undefined) return { ...NOTHING, name: 'nothing to restore' }
    if (step.killedAfterMs !== null && (await this.killed(line, step.killedAfterMs))) {
      return { ...NOTHING, name: `${step.do}, killed`, wasKilled: true }
    }
    const { exit, out, err } = await commandLine(line, ends(this.redisUrl, this.postgresUrl))
    const report = out.startsWith('{') ? JSON.parse(out) : null
    const isExpected = EXITS[step.do].includes(exit)
    const broken = isExpected
      ? []
      : [`${step.do} ended with ${exit}: ${wordsOf(report)} ${err.slice(0, 600)}`]
    return { name: step.do, wasKilled: false, exit, report, at: null, broken }
  }

  private lineOf({ do: name, flags }: Extract<Step, { flags: string }>): string | undefined {
    const archive = join(this.folder, `${this.archives}.cpmarc`)
    if (name === 'purge') {
      const where = flags === '--archive' ? ` --archive ${archive}` : ''
      return `purge-redis --json --yes --older-than 0${where}`
    }
    if (name === 'restore') return existsSync(archive) ? `restore-archive ${archive} --json` : undefined
    return `${name} --json ${name === 'rollback' ? '--yes ' : ''}${flags}`.trim()
  }

  /** False where it came to its end before. */
  private async killed(line: string, afterMs: number): Promise<boolean> {
    const child = spawn(process.execPath, [PROGRAM, ...line.split(' ')], {
      env: { ...process.env, ...ends(this.redisUrl, this.postgresUrl) },
      stdio: 'ignore',
    })
    const ended = once(child, 'close')
    await Promise.race([ended, sleep(afterMs)])
    child.kill('SIGKILL')
    const [, signal] = await ended
    await untilAlone(this.postgresUrl)
    return signal === 'SIGKILL'
  }

  private async ask<Answer>(question: unknown): Promise<Answer> {
    const said = await this.app.ask<{ readonly answer?: Answer; readonly error?: string }>(question)
    if (said.error !== undefined) throw new Error(said.error)
    return said.answer as Answer
  }
}

const NOTHING: Done = { name: '', wasKilled: false, exit: null, report: null, at: null, broken: [] }

/** 3: threads that were continued in Postgres, purged or built on are left alone, each by name. */
const EXITS: Readonly<Record<Extract<Step, { flags: string }>['do'], readonly number[]>> = {
  migrate: [0, 3],
  verify: [0],
  rollback: [0, 3],
  purge: [0],
  restore: [0, 3],
}

function wordsOf(report: unknown): string {
  const { differences = [], findings = [], stoppedBy } = (report ?? {}) as Record<string, unknown[]>
  return JSON.stringify({
    differences: differences.slice(0, 2),
    findings: findings.slice(0, 2),
    stoppedBy,
  }).slice(0, 900)
}
