/** How scalars are written in an outline. */
import type { Tree } from '../../model/value.js'

/** Longer ones are cut; how much there is, is said. */
const MAX_TEXT = 200

export function textOfBytes(bytes: Buffer, start: number, end: number): string {
  const length = end - start
  const text = JSON.stringify(bytes.toString('utf8', start, Math.min(end, start + MAX_TEXT)))
  return length <= MAX_TEXT ? text : `${text}… ${length} bytes`
}

export function hexOfBytes(bytes: Buffer, start: number, end: number): string {
  const shown = bytes.toString('hex', start, Math.min(end, start + MAX_TEXT / 4))
  return end - start <= MAX_TEXT / 4 ? shown : `${shown}… ${end - start} bytes`
}

/** Null for what is no scalar. */
export function textOfScalar(tree: Tree): string | null {
  switch (tree.kind) {
    case 'null':
      return 'null'
    case 'bool':
    case 'int':
      return String(tree.value)
    case 'float':
      return Object.is(tree.value, -0)
        ? '-0.0'
        : Number.isInteger(tree.value)
          ? tree.value.toFixed(1)
          : String(tree.value)
    case 'text':
      return textOfBytes(tree.utf8, 0, tree.utf8.length)
    case 'bytes':
    case 'bytearray':
      return hexOfBytes(tree.bytes, 0, tree.bytes.length)
    default:
      return null
  }
}

/** How much of a payload is taken apart: whoever looks at more looks at it otherwise. */
export class OutlineBudget {
  constructor(private left = 50_000) {}

  /** False once there is nothing left. */
  take(): boolean {
    return this.left-- > 0
  }
}
export const MAX_OUTLINE_DEPTH = 60
export const TOO_MUCH = '… not taken apart further'
