/** Documents as JSON text that is safe to print. */

/** One object on one line, with its end. */
export const jsonLine = (value: unknown): string => `${safe(JSON.stringify(value))}\n`

/** The text of a document; signs that a terminal would act on are escaped, which means the same to a reader of JSON. */
export const jsonText = (document: unknown): string => `${safe(JSON.stringify(document, null, 2))}\n`

const safe = (text: string): string =>
  text.replace(
    /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
