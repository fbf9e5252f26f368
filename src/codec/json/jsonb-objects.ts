/** How objects look in JSON: the envelopes that LangChain (`lc: 1`) and LangGraph (`lc: 2`) write, as what stands around their body. */
import type { ObjectHead, SetKind } from '../../model/value.js'
import { langChainClassAt, langChainIdOf } from './langchain-classes.js'

export interface Brackets {
  readonly open: string
  readonly close: string
}

/** ASCII whatever the head holds, so that it can be written byte for byte. */
export function bracketsOf({ form, module, name, method }: ObjectHead): Brackets {
  switch (form) {
    case 'delta-snapshot':
      return { open: '{"__delta_snapshot__":true,"value":', close: '}' }
    case 'numpy':
      return envelope(2, ['numpy', 'ndarray'], '"args":')
    case 'positional':
      return envelope(2, idOf(module, name), '"args":')
    case 'single-argument':
      return envelope(2, idOf(module, name), '"args":[', ']')
    case 'method':
      return envelope(2, idOf(module, name), `"method":${ascii(method ?? '')},"args":[`, ']')
    default: {
      const known = langChainClassAt(module, name)
      const langChainId = known && langChainIdOf(known)
      return langChainId === undefined
        ? envelope(2, idOf(module, name), '"kwargs":')
        : envelope(1, langChainId, '"kwargs":')
    }
  }
}

function envelope(lc: 1 | 2, id: readonly string[], before: string, after = ''): Brackets {
  return {
    open: `{"lc":${lc},"type":"constructor","id":[${id.map(ascii).join(',')}],${before}`,
    close: `${after}}`,
  }
}

const idOf = (module: string, name: string): readonly string[] => [...module.split('.'), name]

/** A JSON string in ASCII, without the NUL that JSONB refuses. */
function ascii(text: string): string {
  return JSON.stringify(text.replaceAll('\0', '').replaceAll(/\p{Surrogate}/gu, '?')).replaceAll(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

const setBrackets = (kind: SetKind): Brackets => envelope(2, ['builtins', kind], '"args":[[', ']]')

export const SET_BRACKETS: Readonly<Record<SetKind, Brackets>> = {
  set: setBrackets('set'),
  frozenset: setBrackets('frozenset'),
}
