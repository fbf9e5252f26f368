/** A pickle taken apart: what its opcodes make, with the offset of the opcode that made each piece. */
import type { Outline } from '../../model/outline.js'
import type { PickleNode } from '../pickle/node.js'
import { readPickle } from '../pickle/read.js'
import {
  hexOfBytes,
  MAX_OUTLINE_DEPTH,
  type OutlineBudget,
  TOO_MUCH,
  textOfBytes,
  textOfScalar,
} from './scalars.js'

/** Throws `DecodeError`. */
export function outlinePickle(bytes: Buffer, budget: OutlineBudget): Outline {
  const seen = new Set<PickleNode>()
  return outlineOf(readPickle(bytes), 0)

  function outlineOf(node: PickleNode, depth: number): Outline {
    const at = atOf(node)
    if (!budget.take() || depth > MAX_OUTLINE_DEPTH) return { at, kind: TOO_MUCH }
    switch (node.kind) {
      case 'null':
        return { at, kind: 'null', text: 'None' }
      case 'bool':
      case 'int':
      case 'float':
        return { at, kind: node.kind, text: textOfScalar(node) ?? '' }
      case 'text':
        return { at, end: node.end, kind: 'text', text: textOfBytes(node.source, node.start, node.end) }
      case 'bytes':
      case 'bytearray':
        return { at, end: node.end, kind: node.kind, text: hexOfBytes(node.source, node.start, node.end) }
      case 'global':
        return { at, kind: 'global', text: node.path }
      default: {
        // A memo lets a piece stand in several places, or inside itself.
        if (seen.has(node)) return { at, kind: node.kind, text: 'the same as above' }
        seen.add(node)
      }
    }
    const under = (child: PickleNode, label?: string): Outline => ({
      ...outlineOf(child, depth + 1),
      ...(label !== undefined && { label }),
    })
    if (node.kind === 'dict') return { at, kind: 'dict', items: pairs(node.entries, under) }
    if (node.kind !== 'object') return { at, kind: node.kind, items: node.items.map((item) => under(item)) }
    const { callable, args, kwargs, state, items, entries } = node
    const name = callable.kind === 'global' ? callable.path : callable.kind
    return {
      at,
      kind: `object ${name}`,
      items: [
        ...args.map((arg, place) => under(arg, `argument ${place}`)),
        ...(kwargs === undefined ? [] : [under(kwargs, 'keywords')]),
        ...(state === undefined ? [] : [under(state, 'state')]),
        ...items.map((item) => under(item, 'item')),
        ...pairs(entries, under),
      ],
    }
  }
}

function pairs(
  entries: readonly PickleNode[],
  under: (node: PickleNode, label: string) => Outline,
): Outline[] {
  const items: Outline[] = []
  for (let at = 0; at + 1 < entries.length; at += 2)
    items.push(under(entries[at + 1]!, labelOf(entries[at]!)))
  return items
}

function labelOf(key: PickleNode): string {
  if (key.kind === 'text') return key.source.toString('utf8', key.start, key.end)
  return key.kind === 'int' || key.kind === 'float' || key.kind === 'bool' ? String(key.value) : key.kind
}

function atOf(node: PickleNode): number | null {
  if ('start' in node) return node.start
  return 'at' in node ? node.at : null
}
