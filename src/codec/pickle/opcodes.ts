/** Every opcode of pickle protocols 0–5: its name and what it does to the machine. */
import { isUtf8 } from 'node:buffer'
import type { PickleMachine } from './machine.js'
import { FALSE_NODE, intNode, NULL_NODE, type PickleNode, rangeNode, TRUE_NODE } from './node.js'
import { callNode, globalNode } from './reduce.js'
import { bigintOf, decodeStringLine, decodeUnicodeLine, parsePythonFloat } from './text.js'

export interface PickleOpcode {
  readonly code: number
  /** As CPython's `Lib/pickletools.py` calls it. */
  readonly name: string
  /** Absent for STOP, which ends the machine, and for what is rejected by name. */
  readonly run?: (machine: PickleMachine) => void
  /** Why the opcode cannot be read. */
  readonly rejected?: string
}

/** Python's own bound for a decimal integer in a text (`sys.int_info.default_max_str_digits`). */
const MAX_DIGITS = 4300
/** The same bound for binary integers: as many digits take this many bytes. */
const MAX_LONG_BYTES = 1786

const PERSISTENT = 'it refers to an object that is kept outside the pickle'
const EXTENSION = "it names a class by a code of the application's copyreg registry"
const OUT_OF_BAND = 'its data is kept outside the pickle'

/** Codes, names and stack effects: CPython 3.14 `Lib/pickletools.py`. A code that is missing here is an error. */
export const OPCODES: readonly PickleOpcode[] = [
  // Integers, floats, booleans, None
  { code: 0x49, name: 'INT', run: intLine },
  { code: 0x4a, name: 'BININT', run: (m) => m.push({ kind: 'int', value: m.int32() }) },
  { code: 0x4b, name: 'BININT1', run: (m) => m.push({ kind: 'int', value: m.uint8() }) },
  { code: 0x4d, name: 'BININT2', run: (m) => m.push({ kind: 'int', value: m.uint16() }) },
  {
    code: 0x4c,
    name: 'LONG',
    run: (m) => m.push(intNode(decimal(m, m.line().toString('latin1').replace(/L$/, '')))),
  },
  { code: 0x8a, name: 'LONG1', run: (m) => long(m, m.uint8()) },
  { code: 0x8b, name: 'LONG4', run: (m) => long(m, m.int32()) },
  { code: 0x46, name: 'FLOAT', run: floatLine },
  { code: 0x47, name: 'BINFLOAT', run: (m) => m.push({ kind: 'float', value: m.float64() }) },
  { code: 0x4e, name: 'NONE', run: (m) => m.push(NULL_NODE) },
  { code: 0x88, name: 'NEWTRUE', run: (m) => m.push(TRUE_NODE) },
  { code: 0x89, name: 'NEWFALSE', run: (m) => m.push(FALSE_NODE) },

  // Texts and bytes
  { code: 0x53, name: 'STRING', run: (m) => m.push(textOfLine(m, decodeStringLine(m.line()))) },
  { code: 0x54, name: 'BINSTRING', run: (m) => asciiText(m, m.int32()) },
  { code: 0x55, name: 'SHORT_BINSTRING', run: (m) => asciiText(m, m.uint8()) },
  { code: 0x56, name: 'UNICODE', run: (m) => m.push(textOfLine(m, decodeUnicodeLine(m.line()))) },
  { code: 0x58, name: 'BINUNICODE', run: (m) => m.push(m.text(m.uint32())) },
  { code: 0x8c, name: 'SHORT_BINUNICODE', run: (m) => m.push(m.text(m.uint8())) },
  { code: 0x8d, name: 'BINUNICODE8', run: (m) => m.push(m.text(m.uint64())) },
  { code: 0x42, name: 'BINBYTES', run: (m) => m.push(m.range('bytes', m.uint32())) },
  { code: 0x43, name: 'SHORT_BINBYTES', run: (m) => m.push(m.range('bytes', m.uint8())) },
  { code: 0x8e, name: 'BINBYTES8', run: (m) => m.push(m.range('bytes', m.uint64())) },
  { code: 0x96, name: 'BYTEARRAY8', run: (m) => m.push(m.range('bytearray', m.uint64())) },

  // Containers
  { code: 0x5d, name: 'EMPTY_LIST', run: (m) => m.push(m.sequence('list', [])) },
  { code: 0x6c, name: 'LIST', run: (m) => m.push(m.sequence('list', m.popMark())) },
  { code: 0x61, name: 'APPEND', run: (m) => append(m, [m.pop()]) },
  { code: 0x65, name: 'APPENDS', run: (m) => append(m, m.popMark()) },
  { code: 0x29, name: 'EMPTY_TUPLE', run: (m) => m.push(m.sequence('tuple', [])) },
  { code: 0x74, name: 'TUPLE', run: (m) => m.push(m.sequence('tuple', m.popMark())) },
  { code: 0x85, name: 'TUPLE1', run: (m) => m.push(m.sequence('tuple', popped(m, 1))) },
  { code: 0x86, name: 'TUPLE2', run: (m) => m.push(m.sequence('tuple', popped(m, 2))) },
  { code: 0x87, name: 'TUPLE3', run: (m) => m.push(m.sequence('tuple', popped(m, 3))) },
  { code: 0x7d, name: 'EMPTY_DICT', run: (m) => m.push(m.dict([])) },
  { code: 0x64, name: 'DICT', run: (m) => m.push(m.dict(m.popMark())) },
  { code: 0x73, name: 'SETITEM', run: (m) => setItems(m, popped(m, 2)) },
  { code: 0x75, name: 'SETITEMS', run: (m) => setItems(m, m.popMark()) },
  { code: 0x8f, name: 'EMPTY_SET', run: (m) => m.push(m.sequence('set', [])) },
  { code: 0x90, name: 'ADDITEMS', run: addItems },
  { code: 0x91, name: 'FROZENSET', run: (m) => m.push(m.sequence('frozenset', m.popMark())) },

  // The stack and the memo
  { code: 0x28, name: 'MARK', run: (m) => m.mark() },
  { code: 0x30, name: 'POP', run: (m) => m.popOrUnmark() },
  { code: 0x31, name: 'POP_MARK', run: (m) => void m.popMark() },
  { code: 0x32, name: 'DUP', run: duplicate },
  { code: 0x67, name: 'GET', run: (m) => m.recall(memoLine(m)) },
  { code: 0x68, name: 'BINGET', run: (m) => m.recall(m.uint8()) },
  { code: 0x6a, name: 'LONG_BINGET', run: (m) => m.recall(m.uint32()) },
  { code: 0x70, name: 'PUT', run: (m) => m.memoise(memoLine(m)) },
  { code: 0x71, name: 'BINPUT', run: (m) => m.memoise(m.uint8()) },
  { code: 0x72, name: 'LONG_BINPUT', run: (m) => m.memoise(m.uint32()) },
  { code: 0x94, name: 'MEMOIZE', run: (m) => m.memoise() },

  // Classes and what is made by them: kept as names and arguments
  { code: 0x63, name: 'GLOBAL', run: (m) => m.push(global(m)) },
  { code: 0x93, name: 'STACK_GLOBAL', run: stackGlobal },
  { code: 0x52, name: 'REDUCE', run: reduce },
  { code: 0x62, name: 'BUILD', run: build },
  { code: 0x69, name: 'INST', run: instance },
  { code: 0x6f, name: 'OBJ', run: oldObject },
  { code: 0x81, name: 'NEWOBJ', run: newObject },
  { code: 0x92, name: 'NEWOBJ_EX', run: newObjectEx },

  // Rejected by name
  { code: 0x50, name: 'PERSID', rejected: PERSISTENT },
  { code: 0x51, name: 'BINPERSID', rejected: PERSISTENT },
  { code: 0x82, name: 'EXT1', rejected: EXTENSION },
  { code: 0x83, name: 'EXT2', rejected: EXTENSION },
  { code: 0x84, name: 'EXT4', rejected: EXTENSION },
  { code: 0x97, name: 'NEXT_BUFFER', rejected: OUT_OF_BAND },
  { code: 0x98, name: 'READONLY_BUFFER', rejected: OUT_OF_BAND },

  // The frame around it all
  { code: 0x80, name: 'PROTO', run: protocol },
  { code: 0x95, name: 'FRAME', run: frame },
  { code: 0x2e, name: 'STOP' },
]

/** The code byte that ends a pickle. */
export const STOP = 0x2e
const NEWEST_PROTOCOL = 5

function protocol(m: PickleMachine): void {
  const version = m.uint8()
  if (version > NEWEST_PROTOCOL) m.fail(`pickle protocol ${version}; ${NEWEST_PROTOCOL} is the newest known`)
}

/** A frame only says how much the writer flushed at once; that much must be there. */
function frame(m: PickleMachine): void {
  const length = m.uint64()
  if (length > m.bytes.length - m.at) m.fail(`a frame of ${length} bytes, ${m.bytes.length - m.at} are left`)
}

function popped(m: PickleMachine, count: 1 | 2 | 3): PickleNode[] {
  const items: PickleNode[] = []
  for (let i = 0; i < count; i++) items.push(m.pop())
  return items.reverse()
}

function append(m: PickleMachine, items: PickleNode[]): void {
  const target = m.top()
  if (target.kind !== 'list' && target.kind !== 'object') m.fail(`items for a ${target.kind}`)
  for (const item of items) target.items.push(item)
}

function addItems(m: PickleMachine): void {
  const items = m.popMark()
  const target = m.top()
  if (target.kind !== 'set' && target.kind !== 'object') m.fail(`members for a ${target.kind}`)
  m.hash(items, 1)
  for (const item of items) target.items.push(item)
}

function setItems(m: PickleMachine, entries: PickleNode[]): void {
  if (entries.length % 2 === 1) m.fail('a key without a value')
  const target = m.top()
  if (target.kind !== 'dict' && target.kind !== 'object') m.fail(`entries for a ${target.kind}`)
  m.hash(entries, 2)
  for (const node of entries) target.entries.push(node)
}

/** No pickler writes it; a container that is there twice must be counted as shared. */
function duplicate(m: PickleMachine): void {
  m.document.shared = true
  m.push(m.top())
}

function intLine(m: PickleMachine): void {
  const line = m.line().toString('latin1')
  // CPython looks at the length alone: two characters that mean 0 or 1.
  if (/^(0[01]|\+[01]|-0)$/.test(line)) m.push(line.endsWith('1') ? TRUE_NODE : FALSE_NODE)
  else m.push(intNode(decimal(m, line)))
}

function decimal(m: PickleMachine, text: string): bigint {
  // Python takes no zeros in front: with base 0 they would mean octal.
  if (!/^[+-]?(0+|[1-9]\d*)$/.test(text)) return m.fail('an integer that is none')
  if (text.length > MAX_DIGITS) return m.fail(`an integer of ${text.length} digits`, 'integer-too-large')
  return BigInt(text.replace(/^\+/, ''))
}

function long(m: PickleMachine, length: number): void {
  if (length < 0) m.fail(`an integer of ${length} bytes`)
  const start = m.skip(length)
  if (length > MAX_LONG_BYTES) m.fail(`an integer of ${length} bytes`, 'integer-too-large')
  if (length <= 6) m.push({ kind: 'int', value: length === 0 ? 0 : m.bytes.readIntLE(start, length) })
  else m.push(intNode(bigintOf(m.bytes.subarray(start, m.at))))
}

function floatLine(m: PickleMachine): void {
  const value = parsePythonFloat(m.line().toString('latin1'))
  if (value === undefined) m.fail('a float that is none')
  m.push({ kind: 'float', value })
}

function memoLine(m: PickleMachine): number {
  const line = m.line().toString('latin1')
  return /^\d{1,15}$/.test(line) ? Number(line) : m.fail('a memo index that is none')
}

function textOfLine(m: PickleMachine, utf8: Buffer | undefined): PickleNode {
  return utf8 === undefined ? m.fail('a text line that cannot be read') : rangeNode('text', utf8)
}

/** A str of Python 2; as `pickle.loads` does by default, only ASCII is taken for text. */
function asciiText(m: PickleMachine, length: number): void {
  if (length < 0) m.fail(`a text of ${length} bytes`)
  const start = m.skip(length)
  for (let at = start; at < m.at; at++) {
    if (m.bytes[at]! >= 0x80) m.fail('a Python 2 str that is not ASCII')
  }
  m.push({ kind: 'text', source: m.bytes, start, end: m.at })
}

function global(m: PickleMachine): PickleNode {
  const [module, name] = [m.line(), m.line()]
  if (module.length === 0 || name.length === 0) m.fail('a class without a name')
  return globalNode(classText(m, module), classText(m, name), m.opcodeAt)
}

const classText = (m: PickleMachine, utf8: Buffer): string =>
  isUtf8(utf8) ? utf8.toString('utf8') : m.fail('a class name that is not UTF-8')

function stackGlobal(m: PickleMachine): void {
  const name = m.pop()
  const module = m.pop()
  if (name.kind !== 'text' || module.kind !== 'text') m.fail('a class name that is no text')
  const [moduleText, nameText] = [module, name].map((n) => classText(m, n.source.subarray(n.start, n.end)))
  m.push(globalNode(moduleText!, nameText!, m.opcodeAt))
}

function reduce(m: PickleMachine): void {
  const args = m.pop()
  const callable = m.pop()
  if (args.kind !== 'tuple') m.fail('arguments that are no tuple')
  requireCallable(m, callable)
  m.push(callNode(m, callable, args.items))
}

function newObject(m: PickleMachine): void {
  const args = m.pop()
  const cls = m.pop()
  if (args.kind !== 'tuple') m.fail('arguments that are no tuple')
  requireCallable(m, cls)
  m.push(m.object('new', cls, args.items))
}

/** What is plain data cannot be called, whether or not anything is made of the result. */
function requireCallable(m: PickleMachine, callable: PickleNode): void {
  if (callable.kind !== 'global' && callable.kind !== 'object') m.fail(`a call of a ${callable.kind}`)
}

function newObjectEx(m: PickleMachine): void {
  const kwargs = m.pop()
  const args = m.pop()
  const cls = m.pop()
  if (args.kind !== 'tuple' || kwargs.kind !== 'dict') m.fail('arguments that are no tuple and dict')
  requireCallable(m, cls)
  m.push(m.object('new', cls, args.items, kwargs.entries.length > 0 ? kwargs : undefined))
}

/** Old-style instances: without arguments `__init__` is not called. */
function instance(m: PickleMachine): void {
  const cls = global(m)
  const args = m.popMark()
  m.push(args.length > 0 ? callNode(m, cls, args) : m.object('new', cls, []))
}

function oldObject(m: PickleMachine): void {
  const [cls, ...args] = m.popMark()
  if (cls === undefined) m.fail('an object without a class')
  requireCallable(m, cls)
  m.push(args.length > 0 ? callNode(m, cls, args) : m.object('new', cls, []))
}

/** A second state would go to what the first one planted (`__setstate__`); no pickler writes one. */
function build(m: PickleMachine): void {
  const state = m.pop()
  const target = m.top()
  if (target.kind !== 'object') m.fail(`a state for a ${target.kind}`)
  if (target.state !== undefined) m.fail('a second state for one object', 'unsupported-value')
  target.state = state
}
