/** Values in one line, as Python or JSON would print them; long ones are cut. What a terminal would act on is escaped. */
import type { Shown } from '../../model/inspect-report.js'
import { printableText } from '../../model/printable.js'
import type { ObjectHead, Tree } from '../../model/value.js'

/** Thrown once the line is full; never seen outside. */
const FULL = new Error('the line is full')

export function shownText(shown: Shown, maxLength: number): string {
  switch (shown.kind) {
    case 'value':
      return valueText(shown.tree, maxLength)
    case 'encrypted':
      return `encrypted (${printableText(shown.serdeType)}, ${shown.bytes} bytes)`
    case 'unreadable':
      return `cannot be read: ${printableText(shown.problem)}`
  }
}

/** At most about `maxLength` characters, `…` where something is missing. */
export function valueText(tree: Tree, maxLength = Number.POSITIVE_INFINITY): string {
  const line = new Line(maxLength)
  try {
    write(tree, line)
    return line.text
  } catch (error) {
    if (error !== FULL) throw error
    return `${line.text.slice(0, maxLength)}…`
  }
}

class Line {
  text = ''

  constructor(private readonly maxLength: number) {}

  add(part: string): void {
    this.text += part
    if (this.text.length > this.maxLength) throw FULL
  }
}

function write(tree: Tree, line: Line): void {
  switch (tree.kind) {
    case 'null':
      line.add('null')
      return
    case 'bool':
    case 'int':
      line.add(String(tree.value))
      return
    case 'float':
      line.add(floatText(tree.value))
      return
    case 'text':
      line.add(quoted(tree.utf8))
      return
    case 'bytes':
    case 'bytearray':
      line.add(
        `${tree.kind}(${tree.bytes.length}) ${tree.bytes.toString('hex', 0, 64)}${tree.bytes.length > 64 ? '…' : ''}`,
      )
      return
    case 'list':
      writeItems(tree.items, line, '[', ']')
      return
    case 'tuple':
      writeItems(tree.items, line, '(', ')')
      return
    case 'set':
    case 'frozenset':
      writeItems(tree.items, line, `${tree.kind}{`, '}')
      return
    case 'map':
      line.add('{')
      for (const [at, [key, value]] of tree.entries.entries()) {
        if (at > 0) line.add(', ')
        write(key, line)
        line.add(': ')
        write(value, line)
      }
      line.add('}')
      return
    case 'object':
      writeObject(tree.head, tree.body, line)
  }
}

function writeItems(items: readonly Tree[], line: Line, open: string, close: string): void {
  line.add(open)
  for (const [at, item] of items.entries()) {
    if (at > 0) line.add(', ')
    write(item, line)
  }
  line.add(close)
}

function writeObject(head: ObjectHead, body: Tree, line: Line): void {
  line.add(`${nameOf(head)}(`)
  if (body.kind === 'map') {
    for (const [at, [key, value]] of body.entries.entries()) {
      if (at > 0) line.add(', ')
      line.add(key.kind === 'text' ? printableText(key.utf8.toString()) : valueText(key, 40))
      line.add('=')
      write(value, line)
    }
  } else if (body.kind === 'list' && (head.form === 'positional' || head.form === 'numpy')) {
    writeItems(body.items, line, '', '')
  } else {
    write(body, line)
  }
  line.add(')')
}

/** `app.state.Cart`, `datetime.datetime.fromisoformat`. */
function nameOf({ form, module, name, method }: ObjectHead): string {
  if (form === 'numpy') return 'numpy.ndarray'
  if (form === 'delta-snapshot') return 'DeltaSnapshot'
  const path = [module, name, ...(form === 'method' && method !== undefined ? [method] : [])]
  return printableText(path.filter((part) => part !== '').join('.'))
}

export const floatText = (value: number): string =>
  Object.is(value, -0)
    ? '-0.0'
    : Number.isInteger(value) && Math.abs(value) < 1e16
      ? value.toFixed(1)
      : String(value)

const quoted = (utf8: Buffer): string => {
  const text = printableText(utf8.toString().replaceAll('\\', '\\\\').replaceAll('"', '\\"'))
  return `"${text}"`
}
