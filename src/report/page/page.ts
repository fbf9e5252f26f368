/** A report as a page: what it says in which order, whatever it is then written as. Every verb's report has this shape. */

export type Tone = 'good' | 'warn' | 'bad' | 'plain'

/** One number that matters, with what it counts. */
export interface Figure {
  readonly label: string
  readonly value: string
  /** What puts it into proportion; empty where nothing does. */
  readonly note: string
  /** Where the number itself is good or bad news. */
  readonly tone?: Tone
}

export interface Column {
  readonly title: string
  readonly align: 'left' | 'right'
  /** Ids, keys and names of classes. */
  readonly isCode?: true
}

export interface Cell {
  readonly text: string
  /** From 0 to 1: drawn as a bar behind the text. */
  readonly share?: number
}

export type Block =
  | { readonly kind: 'text'; readonly text: string; readonly tone?: Tone }
  | { readonly kind: 'code'; readonly caption: string; readonly text: string }
  | {
      readonly kind: 'table'
      readonly caption: string
      readonly columns: readonly Column[]
      readonly rows: readonly (readonly Cell[])[]
    }
  /** Columns side by side, oldest first. */
  | {
      readonly kind: 'chart'
      readonly title: string
      /** What a reader who cannot see it should know. */
      readonly says: string
      readonly unit: string
      readonly bars: readonly { readonly label: string; readonly value: number; readonly text: string }[]
    }
  | { readonly kind: 'finding'; readonly finding: FindingBlock }

export interface FindingBlock {
  readonly tone: Tone
  /** `rejected` */
  readonly kind: string
  readonly title: string
  readonly count: number
  readonly remedy: string
  readonly samples: readonly { readonly subject: string; readonly detail: string }[]
}

export interface Section {
  /** Of the address within the page: letters and dashes. */
  readonly id: string
  readonly title: string
  /** One sentence under the title; empty where there is nothing to say. */
  readonly lead: string
  readonly blocks: readonly Block[]
}

export interface Page {
  /** `Rehearsal of a migration` */
  readonly title: string
  readonly tone: Tone
  readonly verdict: string
  readonly exitCode: number
  /** Which servers: label and endpoint, never a user or a password. */
  readonly ends: readonly { readonly label: string; readonly endpoint: string }[]
  /** ISO 8601. */
  readonly startedAt: string
  readonly figures: readonly Figure[]
  readonly sections: readonly Section[]
  readonly next: { readonly command: string; readonly why: string } | null
}

export const cell = (text: string, share?: number): Cell => (share === undefined ? { text } : { text, share })

/** Without sections that have nothing to show. */
export const sectionsOf = (sections: readonly Section[]): Section[] =>
  sections.filter(({ blocks }) => blocks.length > 0)

/** A bar may be small, never negative or too long. */
export const shareOf = (part: number, whole: number): number =>
  whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 0
