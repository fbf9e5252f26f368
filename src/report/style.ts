/** Colours, or none: what is coloured reads the same without. */

export interface Style {
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly warn: (text: string) => string
  readonly strong: (text: string) => string
  readonly faint: (text: string) => string
}

const code =
  (open: number, close: number) =>
  (text: string): string =>
    `\u001b[${open}m${text}\u001b[${close}m`
const plain = (text: string): string => text

const COLORED: Style = {
  good: code(32, 39),
  bad: code(31, 39),
  warn: code(33, 39),
  strong: code(1, 22),
  faint: code(2, 22),
}
const PLAIN: Style = { good: plain, bad: plain, warn: plain, strong: plain, faint: plain }

export const styleOf = (colored: boolean): Style => (colored ? COLORED : PLAIN)
