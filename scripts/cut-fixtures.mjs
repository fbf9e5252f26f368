/** Cuts fixtures/ out of the full corpora beside the repository: `node scripts/cut-fixtures.mjs`. */
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { exists } from './services/cache.mjs'

const ROOT = dirname(import.meta.dirname)
const CORPORA = join(ROOT, '..', 'shared', 'corpus')
const FIXTURES = join(ROOT, 'fixtures')

/** Files with one line a key, checkpoint or row, and files taken as they are. */
const LINES = [
  'redis.jsonl',
  'expected.jsonl',
  'expected_052.jsonl',
  'golden.pg.jsonl',
  'refused.jsonl',
  'orphan_writes.jsonl',
]
const WHOLE = ['flags.txt', 'problems.json']

const INTERRUPTED =
  'int-pending int-twice int-parallel int-rich approve-pending sub-int sub-nested func-int pend-tuple'
const FAILED = 'failed parallel-fail send-partial-fail'
const ODD_IDS = '777 a|b a,b;c back\\slash ns:in:thread|x: user:42:chat star*? {curly} tëst-線程-🧵'
const SMALL =
  'int-pending approve-pending sub-int send-pending failed update-only func-int dur-exit user:42:chat prims'

/**
 * The threads of each case; a space inside a thread id is written `␣`. `*` takes all, `-` before an id leaves it out.
 *
 * @type {Record<string, string>}
 */
const CASES = {
  'python/0.5.2-full': `${INTERRUPTED} ${FAILED} ${ODD_IDS} chat-nul prims fork int-static sub-in-node
    sub-stateful-int delta-int send-pending null-task barrier-pending deferred topic chan-names pydantic-state
    update-only dur-exit dur-exit-done pend-decimal pend-dataclass val-decimal-top val-frozenset-in val-set-str-in
    val-dataclass-nested-in val-messages-in-dict-in val-nul-str-top val-nan-in val-big-65bit-in val-lc-lookalike-in
    val-marker-lookalike-in val-surrogate-in val-int-keys-in val-bytes-in val-enum-top val-document-top`,
  'python/0.5.2-mutated': '*',
  'python/0.5.2-prefixes-ttl': 'chat-nul int-pending sub-int approve-pending func-int user:42:chat a|b',
  'python/0.5.2-store-noise': 'chat-nul int-pending sub-int user:42:chat func-int',
  'python/0.5.2-shallow-sync': `${SMALL} sub-stateful-int delta pend-tuple val-set-str-in`,
  'python/0.5.2-shallow-async': `${SMALL} sub-stateful-int delta pend-tuple val-set-str-in`,
  'python/0.2.1-full': `${SMALL} int-twice send-partial-fail val-messages-in-dict-in val-dataclass-top val-decimal-top val-bytes-in
    val-tuple-in val-set-str-in val-nul-str-top pend-decimal`,
  'python/0.1.3-full': `${SMALL} int-twice send-partial-fail val-messages-in-dict-in val-dataclass-top val-decimal-top val-bytes-in
    val-tuple-in val-set-str-in val-nul-str-top pend-decimal`,
  'python/0.0.8-full': `${SMALL} int-twice send-partial-fail val-dataclass-top val-bytes-in pend-decimal`,
  'pickle/f1-protocol4': '* -big-session -alpha-chat',
  'pickle/f1-protocol2-old': '* -big-session -alpha-chat -user:42:session:7',
  'pickle/f1-hostile': '*',
  'pickle/f2': '* -chat -user:42:chat',
  'pickle/f3': '* -chat -fork-🧵 -user:42:chat -sub-resumed',
  'pickle/f4': '* -chat -fork-🧵 -user:42:chat -sub-resumed',
  'pickle/f6': '* -chat -user:42:chat -sub-resumed',
  'pickle/f8': '* -chat -fork-🧵 -user:42:chat -sub-resumed',
  'plain/c2-colon-msgpack': 'acct$7 types prims nul␣in␣list send pending fail',
  'plain/c3-dollar': 'acct$7 types prims nul␣in␣list send pending fail sub',
  'plain/d1-valkey': 'acct$7 types prims braced:pending send pending fail',
  'plain/e1-plainredis': 'acct$7 types prims nul␣in␣list send pending fail',
  'plain/e2-upstash': 'acct$7 types prims numpy send pending fail',
  'js/1.0.11-full': `ask-pending ask-half stop:pending par-pending fan:pending fork-1 legacy-v1 string-versions
    undef-write writes-first func-pending no-newversions dangling __empty__ fail/1`,
  'js/1.0.9-full':
    'ask-pending ask-half stop:pending fork-1 legacy-v1 string-versions undef-write func-pending dangling __empty__ fail/1',
  'js/1.0.11-shallow': '* -odd␣values -writes-many',
}

await cut()

async function cut() {
  await rm(join(FIXTURES, 'python', 'corpus_types.py'), { force: true })
  for (const family of ['python', 'pickle', 'plain', 'js']) {
    for (const name of await readdir(join(FIXTURES, family)).catch(() => [])) {
      await rm(join(FIXTURES, family, name), { recursive: true })
    }
  }
  let total = 0
  for (const [name, selection] of Object.entries(CASES)) {
    const bytes = await cutCase(name, selection)
    total += bytes
    process.stdout.write(`${String(Math.round(bytes / 1024)).padStart(6)} kB  ${name}\n`)
  }
  for (const family of ['python', 'pickle']) {
    await copyFile(join(CORPORA, family, 'corpus_types.py'), join(FIXTURES, family, 'corpus_types.py'))
  }
  process.stdout.write(`${String(Math.round(total / 1024)).padStart(6)} kB\n`)
}

/**
 * @param {string} name
 * @param {string} selection
 */
async function cutCase(name, selection) {
  const from = join(CORPORA, name)
  const to = join(FIXTURES, name)
  await mkdir(to, { recursive: true })
  const threads = await threadsOf(from)
  const taken = chosen(threads, selection)
  let bytes = 0
  for (const file of LINES) {
    if (!(await exists(join(from, file)))) continue
    const lines = (await linesOf(join(from, file))).filter((line) => line !== '')
    const kept = lines.flatMap((line) =>
      file === 'redis.jsonl' ? cutKey(line, threads, taken) : cutLine(line, taken),
    )
    if (kept.length === 0 && file !== 'redis.jsonl') continue
    const text = `${kept.join('\n')}\n`
    bytes += Buffer.byteLength(text)
    await writeFile(join(to, file), text)
  }
  for (const file of WHOLE) {
    if (await exists(join(from, file))) await copyFile(join(from, file), join(to, file))
  }
  const counts = JSON.parse(await readFile(join(from, 'counts.json'), 'utf8').catch(() => '{}'))
  if (counts.int_versions) await writeFile(join(to, 'counts.json'), '{ "int_versions": true }\n')
  return bytes
}

/**
 * @param {ReadonlySet<string>} threads
 * @param {string} selection
 */
function chosen(threads, selection) {
  const taken = new Set()
  for (const word of selection.split(/\s+/)) {
    const id = word.replaceAll('␣', ' ')
    if (id === '*') for (const thread of threads) taken.add(thread)
    else if (threads.has(id)) taken.add(id)
    else if (id.startsWith('-') && threads.has(id.slice(1))) taken.delete(id.slice(1))
    else throw new Error(`no thread ${id}`)
  }
  return taken
}

/** @param {string} folder */
async function threadsOf(folder) {
  const ids = new Set()
  for (const file of ['expected.jsonl', 'refused.jsonl']) {
    const text = await readFile(join(folder, file), 'utf8').catch(() => '')
    for (const line of text.split('\n')) if (line !== '') ids.add(JSON.parse(line).thread_id)
  }
  return ids
}

/**
 * @param {string} line
 * @param {ReadonlySet<string>} taken
 */
function cutLine(line, taken) {
  const { thread_id } = JSON.parse(line)
  return thread_id === undefined || taken.has(thread_id) ? [line] : []
}

/**
 * A key stays if its thread does or if it is of no thread; from an index over all threads the others are taken out.
 *
 * @param {string} line
 * @param {ReadonlySet<string>} threads
 * @param {ReadonlySet<string>} taken
 */
function cutKey(line, threads, taken) {
  const row = JSON.parse(line)
  const thread = threadOfDocument(row) ?? threadIn(row.name ?? '', threads)
  if (thread !== undefined) return taken.has(thread) || !threads.has(thread) ? [line] : []
  if (!Array.isArray(row.value)) return [line]
  const value = row.value.filter((/** @type {string | string[]} */ entry) => {
    const text = Buffer.from(typeof entry === 'string' ? entry : (entry[0] ?? ''), 'base64').toString()
    const named = threadIn(text, threads)
    return named === undefined || taken.has(named)
  })
  return [value.length === row.value.length ? line : JSON.stringify({ ...row, value })]
}

/** @param {{ type: string, value: string }} row */
function threadOfDocument({ type, value }) {
  if (type !== 'ReJSON-RL') return undefined
  const document = JSON.parse(value)
  return typeof document?.thread_id === 'string' ? document.thread_id : undefined
}

/**
 * The thread whose id stands in a key between separators: the leftmost, of those the longest.
 *
 * @param {string} name
 * @param {ReadonlySet<string>} threads
 */
function threadIn(name, threads) {
  const ends = [':', '$', '{', '}']
  /** @type {{ at: number, id: string } | undefined} */
  let best
  for (const id of threads) {
    for (let at = name.indexOf(id); at >= 0; at = name.indexOf(id, at + 1)) {
      const alone =
        (at === 0 || ends.includes(name[at - 1] ?? '')) && ends.includes(name[at + id.length] ?? ':')
      if (!alone) continue
      if (!best || at < best.at || (at === best.at && id.length > best.id.length)) best = { at, id }
      break
    }
  }
  return best?.id
}

/** @param {string} path */
async function linesOf(path) {
  return (await readFile(path, 'utf8')).split('\n')
}
