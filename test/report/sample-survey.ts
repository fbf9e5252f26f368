/** A survey and what `detect` found, with something of everything, for the tests of pages. */
import type { DetectFindings } from '../../src/model/detect-findings.js'
import type { Forecast, Survey } from '../../src/model/survey.js'

const MIB = 1024 ** 2
const DAY_MS = 24 * 3600 * 1000

/** 38 weeks of growth with a summer in it. */
const steps = Array.from({ length: 38 }, (_, at) => {
  const checkpoints = Math.round(400 + at * 55 + 500 * Math.sin(at / 3) + (at === 21 ? 2400 : 0))
  return {
    from: new Date(Date.UTC(2026, 2, 2) + at * 7 * DAY_MS).toISOString().slice(0, 10),
    checkpoints: Math.max(0, checkpoints),
    newThreads: Math.max(0, Math.round(checkpoints / 18)),
    bytes: Math.max(0, checkpoints) * 68_000,
  }
})

export const SAMPLE_SURVEY: Survey = {
  threads: 3410,
  sizes: [
    [1, 12, 0.01],
    [4, 120, 0.3],
    [16, 541, 5],
    [64, 1204, 40],
    [256, 980, 130],
    [1024, 402, 210],
    [4096, 122, 290],
    [16_384, 26, 240],
    [65_536, 3, 90],
    [262_144, 0, 0],
  ]
    .map(([kib, threads, mib]) => ({
      upToBytes: (kib! * 1024) as number | null,
      threads: threads!,
      bytes: Math.round(mib! * MIB),
    }))
    .concat([{ upToBytes: null, threads: 0, bytes: 0 }]),
  largest: Array.from({ length: 20 }, (_, at) => ({
    threadId: at === 3 ? 'user-4711:support:9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d' : `user-${4000 + at * 37}`,
    layout: 'python-full',
    bytes: Math.round((44 * MIB) / (1 + at * 0.35)),
    keys: 1400 - at * 31,
    checkpoints: 402 - at * 11,
    lastDay: `2026-11-${String(20 - (at % 15)).padStart(2, '0')}`,
  })),
  growth: { step: 'week', steps, undated: 3 },
  expiry: {
    classes: [
      { withinMs: DAY_MS / 24, threads: 2 },
      { withinMs: DAY_MS, threads: 15 },
      { withinMs: 7 * DAY_MS, threads: 204 },
      { withinMs: 30 * DAY_MS, threads: 1120 },
      { withinMs: 90 * DAY_MS, threads: 0 },
      { withinMs: null, threads: 0 },
    ],
    never: 2069,
    longestMs: 30 * DAY_MS,
    soonest: Array.from({ length: 6 }, (_, at) => ({
      threadId: `user-${300 + at}`,
      firstAt: new Date(Date.UTC(2026, 10, 20, 17, 20 + at * 9)).toISOString(),
      lastAt: at === 2 ? null : new Date(Date.UTC(2026, 10, 20, 18, 20 + at * 9)).toISOString(),
    })),
  },
  classes: [
    { name: 'app.state.Cart', threads: 812 },
    { name: 'app.state.Money', threads: 790 },
    { name: 'langchain_community.docs.Page', threads: 4 },
  ],
  moreClasses: 0,
  waitsAtInterrupt: 231,
  valuesSeen: 598_733,
}

export const SAMPLE_FORECAST: Forecast = {
  basis: 'everything',
  postgresBytes: 702 * MIB,
  ledgerBytes: 9 * MIB,
  lz4Bytes: 655 * MIB,
  seconds: 41.3,
}

export const SAMPLE_FOUND: DetectFindings = {
  server: {
    name: 'Redis 7.4.1',
    modules: ['RedisJSON 2.8.4', 'RediSearch 2.10.5'],
    usedMemoryBytes: 4.1 * 1024 ** 3,
    maxMemoryBytes: 6 * 1024 ** 3,
    maxMemoryPolicy: 'noeviction',
  },
  keys: {
    scanned: 1_204_331,
    claimed: 612_880,
    storeItems: 2118,
    foreign: 589_292,
    unknown: 41,
    index: 12_400,
  },
  threads: { count: 3410, exact: true },
  layouts: [
    {
      id: 'python-full',
      title: 'official Python saver 0.2–0.5 (RedisJSON)',
      writtenBy: 'RedisSaver, AsyncRedisSaver of langgraph-checkpoint-redis 0.1.0–0.5.2',
      dialect: 'python',
      keys: { count: 598_210, exact: true },
      threads: { count: 3204, exact: true },
      memoryBytes: 3.6 * 1024 ** 3,
      certainty: 'sure',
      evidence: [{ text: 'document has checkpoint_ts and parent_checkpoint_id', count: 100, of: 100 }],
      sampled: 100,
      unrecognised: 0,
      happens: 'migrated',
    },
    {
      id: 'pickle-redis-saver',
      title: 'PickleRedisSaver (pickle)',
      writtenBy: 'PickleRedisSaver, a gist',
      dialect: 'python',
      keys: { count: 14_670, exact: false },
      threads: { count: 206, exact: false },
      memoryBytes: 410 * MIB,
      certainty: 'likely',
      evidence: [{ text: 'pickle of langgraph.checkpoint.base.CheckpointTuple', count: 97, of: 100 }],
      sampled: 100,
      unrecognised: 3,
      happens: 'migrated',
    },
  ],
  orphans: {
    writes: { count: 120, exact: true },
    pointers: { count: 0, exact: true },
    stubs: { count: 3, exact: false },
  },
  unreadable: { sampled: 3, of: 200, samples: [{ key: 'checkpoint:t-88:1f0c', type: 'string' }] },
  unknown: [{ prefix: 'checkpoint:', keys: 41, samples: [{ key: 'checkpoint:x:1', type: 'string' }] }],
  foreign: [
    { prefix: 'bull:', keys: 588_000, samples: [{ key: 'bull:mail:17', type: 'hash' }] },
    { prefix: 'store:', keys: 2118, samples: [{ key: 'store:01H8', type: 'ReJSON-RL' }] },
  ],
  otherDatabases: [{ db: 3, keys: 900 }],
  expiring: { withinMs: DAY_MS, threads: { count: 17, exact: true }, listed: null },
}
