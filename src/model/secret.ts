/** A password that cannot be printed by accident: every way of turning it into text shows `***`. */

export class Secret {
  readonly #value: string
  constructor(value: string) {
    this.#value = value
  }

  /** The password itself; only the driver that logs in with it may ask. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '***'
  }

  toJSON(): string {
    return '***'
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '***'
  }
}

/**
 * Text that another library composed, without the secrets it may quote. Our own texts never need this: they are
 * built from parts that hold no secret.
 */
export function withoutSecrets(text: string, secrets: Iterable<Secret>): string {
  let clean = text
  for (const secret of secrets) {
    const value = secret.reveal()
    for (const form of new Set([value, encodeURIComponent(value)])) {
      if (form !== '') clean = clean.replaceAll(form, '***')
    }
  }
  return clean
}
