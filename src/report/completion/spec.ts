/** A command line as completion sees it: which words may stand where. */

export interface FlagSpec {
  /** `--quiet`, and its short form first where it has one. */
  readonly names: readonly string[]
  readonly description: string
  /** Null: a switch. `file`: a path; a list: one of these; `text`: anything. */
  readonly value: 'file' | 'text' | readonly string[] | null
  /** Its value may be left out. */
  readonly isOptional: boolean
  readonly isRepeatable: boolean
}

export interface CommandSpec {
  readonly name: string
  readonly summary: string
  readonly flags: readonly FlagSpec[]
  /** What may stand beside the flags: one of these words, a path, or nothing that can be guessed. */
  readonly words: readonly string[] | 'file' | null
}

export type Shell = 'bash' | 'zsh' | 'fish'
export const SHELLS = ['bash', 'zsh', 'fish'] as const satisfies readonly Shell[]

/** A word in single quotes, as every shell reads it. */
export const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
