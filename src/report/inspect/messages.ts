/** Lists of LangChain messages as a conversation. */
import { printableText } from '../../model/printable.js'
import type { Tree } from '../../model/value.js'
import { formatCount, formatCounted } from '../format.js'
import { wrapText } from '../wrap.js'
import { valueText } from './values.js'

interface Message {
  readonly role: string
  readonly content: Tree | undefined
  readonly toolCalls: readonly { readonly name: string; readonly args: Tree | undefined }[]
  readonly name: string | undefined
}

const ROLES: Readonly<Record<string, string>> = {
  Human: 'human',
  AI: 'ai',
  System: 'system',
  Tool: 'tool',
  Function: 'function',
  Remove: 'remove',
}
/** The widest role. */
const ROLE_WIDTH = 'function'.length

/** Undefined where the value is no list of messages. */
export function conversationOf(tree: Tree): readonly Message[] | undefined {
  if (tree.kind !== 'list' || tree.items.length === 0) return undefined
  const messages = tree.items.map(messageOf)
  return messages.every((message) => message !== undefined) ? messages : undefined
}

export function conversationLines(
  channel: string,
  messages: readonly Message[],
  { columns, full }: { readonly columns: number; readonly full: boolean },
): string[] {
  const head = `${printableText(channel)} (${formatCount(messages.length)})`
  const hidden = full ? 0 : Math.max(0, messages.length - MAX_SHOWN)
  return [
    head,
    ...(hidden === 0 ? [] : [`  … ${formatCounted(hidden, 'earlier message')} (--full)`]),
    ...messages.slice(hidden).flatMap((message) => messageLines(message, { columns, full })),
  ]
}

const MAX_SHOWN = 30
const MAX_CONTENT = 400

function messageLines(
  { role, content, toolCalls, name }: Message,
  { columns, full }: { readonly columns: number; readonly full: boolean },
): string[] {
  const from = name === undefined ? '' : `${printableText(name)}: `
  const said = [`${from}${contentText(content, full ? Number.POSITIVE_INFINITY : MAX_CONTENT)}`.trim()]
  const calls = toolCalls.map(
    (call) =>
      `tool_call ${printableText(call.name)}(${argsText(call.args, full ? Number.POSITIVE_INFINITY : 200)})`,
  )
  const parts = [...said.filter((text) => text !== ''), ...calls]
  const first = `  ${role.padEnd(ROLE_WIDTH)}  `
  const hanging = ' '.repeat(first.length)
  if (parts.length === 0) return [first.trimEnd()]
  return parts.flatMap((part, at) => wrapText(part, columns, { first: at === 0 ? first : hanging, hanging }))
}

/** Text as it is, on one line; of blocks their text, other blocks by their type. */
function contentText(content: Tree | undefined, maxLength: number): string {
  if (content === undefined || content.kind === 'null') return ''
  if (content.kind === 'text') return cut(content.utf8.toString(), maxLength)
  if (content.kind !== 'list') return valueText(content, maxLength)
  const blocks = content.items.map((block) => {
    if (block.kind === 'text') return block.utf8.toString()
    const text = textAt(block, 'text')
    return text ?? `[${textAt(block, 'type') ?? block.kind}]`
  })
  return cut(blocks.join(' '), maxLength)
}

function cut(text: string, maxLength: number): string {
  return text.length <= maxLength ? printableText(text) : `${printableText(text.slice(0, maxLength))}…`
}

/** `id="A-1042", n=3` */
function argsText(args: Tree | undefined, maxLength: number): string {
  if (args === undefined) return ''
  if (args.kind !== 'map') return valueText(args, maxLength)
  const text = args.entries
    .map(
      ([key, value]) =>
        `${key.kind === 'text' ? printableText(key.utf8.toString()) : valueText(key, 40)}=${valueText(value, maxLength)}`,
    )
    .join(', ')
  return text.length <= maxLength ? text : `${text.slice(0, maxLength)}…`
}

function messageOf(tree: Tree): Message | undefined {
  const found = fieldsOf(tree)
  if (found === undefined) return undefined
  const { fields, className } = found
  const role = roleOf(fields, className)
  if (role === undefined) return undefined
  const calls = at(fields, 'tool_calls')
  return {
    role,
    content: at(fields, 'content'),
    name: textAt(fields, 'name'),
    toolCalls:
      calls?.kind === 'list'
        ? calls.items.map((call) => ({ name: textAt(call, 'name') ?? '?', args: at(call, 'args') }))
        : [],
  }
}

/** An object of Python's, an `lc` envelope of JavaScript's, or a plain dict with a role. */
function fieldsOf(tree: Tree): { readonly fields: Tree; readonly className: string } | undefined {
  if (tree.kind === 'object') return { fields: tree.body, className: tree.head.name }
  if (tree.kind !== 'map') return undefined
  const kwargs = at(tree, 'kwargs')
  const id = at(tree, 'id')
  if (kwargs !== undefined && id?.kind === 'list') {
    const last = id.items.at(-1)
    return { fields: kwargs, className: last?.kind === 'text' ? last.utf8.toString() : '' }
  }
  return at(tree, 'content') === undefined ? undefined : { fields: tree, className: '' }
}

function roleOf(fields: Tree, className: string): string | undefined {
  const kind = /^(\w+?)Message(?:Chunk)?$/.exec(className)?.[1]
  if (kind !== undefined) return ROLES[kind] ?? textAt(fields, 'role') ?? kind.toLowerCase()
  return className === '' ? (textAt(fields, 'role') ?? textAt(fields, 'type')) : undefined
}

function at(tree: Tree, name: string): Tree | undefined {
  if (tree.kind !== 'map') return undefined
  return tree.entries.find(([key]) => key.kind === 'text' && key.utf8.toString() === name)?.[1]
}

function textAt(tree: Tree, name: string): string | undefined {
  const found = at(tree, name)
  return found?.kind === 'text' && found.utf8.length > 0 ? found.utf8.toString() : undefined
}
