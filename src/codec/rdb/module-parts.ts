/** What a module writes into a snapshot besides its values: parts that say what each is, and no more than that. */
import { DecodeError } from '../bytes.js'
import type { RdbInput } from './input.js'
import { readLength, readString } from './strings.js'

export type ModulePart =
  | { readonly kind: 'text'; readonly text: string }
  /** Signed ones come as if they were not. */
  | { readonly kind: 'integer'; readonly integer: number }
  | { readonly kind: 'real' }

const REAL: ModulePart = { kind: 'real' }

/** Up to their end. The codes are those of `RDB_MODULE_OPCODE_…`. */
export function readModuleParts(input: RdbInput): ModulePart[] {
  const parts: ModulePart[] = []
  for (;;) {
    const at = input.position
    const code = readLength(input)
    switch (code) {
      case 0:
        return parts
      case 1:
      case 2:
        parts.push({ kind: 'integer', integer: readLength(input) })
        break
      case 3:
      case 4:
        input.skip(code === 3 ? 4 : 8)
        parts.push(REAL)
        break
      case 5:
        parts.push({ kind: 'text', text: readString(input).toString() })
        break
      default:
        throw new DecodeError(`${code} begins no part of what a module wrote`, at)
    }
  }
}
