/** Bounds what a graph with shared parts stands for, before a single value of it goes out. */
import { DecodeError, type DecodeLimits } from '../bytes.js'
import { isCompound, type PickleCompound, type PickleNode } from './node.js'

/** A text counts one more for each of these, so that copies of a long one are bounded too. */
const BYTES_PER_ITEM = 64
const OPEN = -1

/**
 * Throws `recursive-value` where the graph holds itself, `too-large` where it is deeper than `maxDepth` or, shared parts written out
 * as often as they occur, more than `maxItems` values. Takes time by the size of the graph, not of what it stands for: ten
 * lists that each hold the one before ten times are eleven sums. Sums stay in the nodes, so that a second question costs nothing.
 */
export function checkWeight(root: PickleNode, limits: DecodeLimits): void {
  if (!isCompound(root) || root.weight > 0) return
  const path: Step[] = [enter(root)]
  for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
    const child = step.children[step.next++]
    if (child === undefined) {
      path.pop()
      leave(step, path.at(-1), limits)
    } else if (!isCompound(child)) {
      step.weight += weightOfLeaf(child)
    } else if (child.weight === OPEN) {
      throw new DecodeError('a value that contains itself', child.at, 'recursive-value')
    } else if (child.weight > 0) {
      step.weight += child.weight
    } else {
      path.push(enter(child))
    }
  }
}

interface Step {
  readonly node: PickleCompound
  readonly children: readonly PickleNode[]
  next: number
  weight: number
}

function enter(node: PickleCompound): Step {
  node.weight = OPEN
  return { node, children: childrenOf(node), next: 0, weight: 1 }
}

function leave(step: Step, parent: Step | undefined, limits: DecodeLimits): void {
  if (step.weight > limits.maxItems) {
    throw new DecodeError(
      `shared parts written out make more than ${limits.maxItems} values`,
      step.node.at,
      'too-large',
    )
  }
  step.node.weight = step.weight
  if (parent !== undefined) parent.weight += step.weight
}

function childrenOf(node: PickleCompound): readonly PickleNode[] {
  if (node.kind === 'dict') return node.entries
  if (node.kind !== 'object') return node.items
  const children = [node.callable, ...node.args]
  if (node.kwargs !== undefined) children.push(node.kwargs)
  if (node.state !== undefined) children.push(node.state)
  return children.concat(node.items, node.entries)
}

const weightOfLeaf = (node: PickleNode): number =>
  'start' in node ? 1 + Math.floor((node.end - node.start) / BYTES_PER_ITEM) : 1
