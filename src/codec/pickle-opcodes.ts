/** Every opcode of pickle protocols 0–5: its name and what it does to the machine. */

import type { PickleMachine } from './pickle-machine.js'
import { FALSE_NODE, intNode, NULL_NODE, type PickleNode, rangeNode, TRUE_NODE } from './pickle-node.js'
import { callNode, globalNode } from './pickle-reduce.js'
import { bigintOf, decodeStringLine, decodeUnicodeLine, parsePythonFloat } from './pickle-text.js'

export interface PickleOpcode {
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

/** By code byte. Codes, names and stack effects: CPython 3.14 `Lib/pickletools.py`. A code that is missing here is an error. */
export const OPCODES: Readonly<Record<number, PickleOpcode>> = {
  // Integers, floats, booleans, None
  73: { name: 'INT', run: intLine },
  74: { name: 'BININT', run: (m) => m.push({ kind: 'int', value: m.int32() }) },
  75: { name: 'BININT1', run: (m) => m.push({ kind: 'int', value: m.uint8() }) },
  77: { name: 'BININT2', run: (m) => m.push({ kind: 'int', value: m.uint16() }) },
  76: {
    name: 'LONG',
    run: (m) => m.push(intNode(decimal(m, m.line().toString('latin1').replace(/L$/, '')))),
  },
  138: { name: 'LONG1', run: (m) => long(m, m.uint8()) },
  139: { name: 'LONG4', run: (m) => long(m, m.int32()) },
  70: { name: 'FLOAT', run: floatLine },
  71: { name: 'BINFLOAT', run: (m) => m.push({ kind: 'float', value: m.float64() }) },
  78: { name: 'NONE', run: (m) => m.push(NULL_NODE) },
  136: { name: 'NEWTRUE', run: (m) => m.push(TRUE_NODE) },
  137: { name: 'NEWFALSE', run: (m) => m.push(FALSE_NODE) },

  // Texts and bytes
  83: { name: 'STRING', run: (m) => m.push(textOfLine(m, decodeStringLine(m.line()))) },
  84: { name: 'BINSTRING', run: (m) => asciiText(m, m.int32()) },
  85: { name: 'SHORT_BINSTRING', run: (m) => asciiText(m, m.uint8()) },
  86: { name: 'UNICODE', run: (m) => m.push(textOfLine(m, decodeUnicodeLine(m.line()))) },
  88: { name: 'BINUNICODE', run: (m) => m.push(m.text(m.uint32())) },
  140: { name: 'SHORT_BINUNICODE', run: (m) => m.push(m.text(m.uint8())) },
  141: { name: 'BINUNICODE8', run: (m) => m.push(m.text(m.uint64())) },
  66: { name: 'BINBYTES', run: (m) => m.push(m.range('bytes', m.uint32())) },
  67: { name: 'SHORT_BINBYTES', run: (m) => m.push(m.range('bytes', m.uint8())) },
  142: { name: 'BINBYTES8', run: (m) => m.push(m.range('bytes', m.uint64())) },
  150: { name: 'BYTEARRAY8', run: (m) => m.push(m.range('bytearray', m.uint64())) },

  // Containers
  93: { name: 'EMPTY_LIST', run: (m) => m.push(m.sequence('list', [])) },
  108: { name: 'LIST', run: (m) => m.push(m.sequence('list', m.popMark())) },
  97: { name: 'APPEND', run: (m) => append(m, [m.pop()]) },
  101: { name: 'APPENDS', run: (m) => append(m, m.popMark()) },
  41: { name: 'EMPTY_TUPLE', run: (m) => m.push(m.sequence('tuple', [])) },
  116: { name: 'TUPLE', run: (m) => m.push(m.sequence('tuple', m.popMark())) },
  133: { name: 'TUPLE1', run: (m) => m.push(m.sequence('tuple', popped(m, 1))) },
  134: { name: 'TUPLE2', run: (m) => m.push(m.sequence('tuple', popped(m, 2))) },
  135: { name: 'TUPLE3', run: (m) => m.push(m.sequence('tuple', popped(m, 3))) },
  125: { name: 'EMPTY_DICT', run: (m) => m.push(m.dict([])) },
  100: { name: 'DICT', run: (m) => m.push(m.dict(m.popMark())) },
  115: { name: 'SETITEM', run: (m) => setItems(m, popped(m, 2)) },
  117: { name: 'SETITEMS', run: (m) => setItems(m, m.popMark()) },
  143: { name: 'EMPTY_SET', run: (m) => m.push(m.sequence('set', [])) },
  144: { name: 'ADDITEMS', run: addItems },
  145: { name: 'FROZENSET', run: (m) => m.push(m.sequence('frozenset', m.popMark())) },

  // The stack and the memo
  40: { name: 'MARK', run: (m) => m.mark() },
  48: { name: 'POP', run: (m) => m.popOrUnmark() },
  49: { name: 'POP_MARK', run: (m) => void m.popMark() },
  50: { name: 'DUP', run: duplicate },
  103: { name: 'GET', run: (m) => m.recall(memoLine(m)) },
  104: { name: 'BINGET', run: (m) => m.recall(m.uint8()) },
  106: { name: 'LONG_BINGET', run: (m) => m.recall(m.uint32()) },
  112: { name: 'PUT', run: (m) => m.memoise(memoLine(m)) },
  113: { name: 'BINPUT', run: (m) => m.memoise(m.uint8()) },
  114: { name: 'LONG_BINPUT', run: (m) => m.memoise(m.uint32()) },
  148: { name: 'MEMOIZE', run: (m) => m.memoise() },

  // Classes and what is made by them: kept as names and arguments
  99: { name: 'GLOBAL', run: (m) => m.push(global(m)) },
  147: { name: 'STACK_GLOBAL', run: stackGlobal },
  82: { name: 'REDUCE', run: reduce },
  98: { name: 'BUILD', run: build },
  105: { name: 'INST', run: instance },
  111: { name: 'OBJ', run: oldObject },
  129: { name: 'NEWOBJ', run: newObject },
  146: { name: 'NEWOBJ_EX', run: newObjectEx },

  // Rejected by name
  80: { name: 'PERSID', rejected: PERSISTENT },
  81: { name: 'BINPERSID', rejected: PERSISTENT },
  130: { name: 'EXT1', rejected: EXTENSION },
  131: { name: 'EXT2', rejected: EXTENSION },
  132: { name: 'EXT4', rejected: EXTENSION },
  151: { name: 'NEXT_BUFFER', rejected: OUT_OF_BAND },
  152: { name: 'READONLY_BUFFER', rejected: OUT_OF_BAND },

  // The frame around it all
  128: { name: 'PROTO', run: protocol },
  149: { name: 'FRAME', run: frame },
  46: { name: 'STOP' },
}

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
  for (const item of items) target.items.push(item)
}

function setItems(m: PickleMachine, entries: PickleNode[]): void {
  if (entries.length % 2 === 1) m.fail('a key without a value')
  const target = m.top()
  if (target.kind !== 'dict' && target.kind !== 'object') m.fail(`entries for a ${target.kind}`)
  for (const node of entries) target.entries.push(node)
}

/** No pickler writes it; a container that is there twice must be counted as shared. */
function duplicate(m: PickleMachine): void {
  m.document.shared = true
  m.push(m.top())
}

function intLine(m: PickleMachine): void {
  const line = m.line().toString('latin1')
  if (line === '00' || line === '01') m.push(line === '01' ? TRUE_NODE : FALSE_NODE)
  else m.push(intNode(decimal(m, line.replace(/L$/, ''))))
}

function decimal(m: PickleMachine, text: string): bigint {
  if (!/^[+-]?\d+$/.test(text)) return m.fail('an integer that is none')
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
  const module = m.line().toString('utf8')
  return globalNode(module, m.line().toString('utf8'), m.opcodeAt)
}

function stackGlobal(m: PickleMachine): void {
  const name = m.pop()
  const module = m.pop()
  if (name.kind !== 'text' || module.kind !== 'text') m.fail('a class name that is no text')
  const [moduleText, nameText] = [module, name].map((n) => n.source.toString('utf8', n.start, n.end))
  m.push(globalNode(moduleText!, nameText!, m.opcodeAt))
}

function reduce(m: PickleMachine): void {
  const args = m.pop()
  const callable = m.pop()
  if (args.kind !== 'tuple') m.fail('arguments that are no tuple')
  m.push(callNode(m, callable, args.items))
}

function newObject(m: PickleMachine): void {
  const args = m.pop()
  const cls = m.pop()
  if (args.kind !== 'tuple') m.fail('arguments that are no tuple')
  m.push(m.object('new', cls, args.items))
}

function newObjectEx(m: PickleMachine): void {
  const kwargs = m.pop()
  const args = m.pop()
  const cls = m.pop()
  if (args.kind !== 'tuple' || kwargs.kind !== 'dict') m.fail('arguments that are no tuple and dict')
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
