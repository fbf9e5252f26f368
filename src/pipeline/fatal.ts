/** Remembers what no other try at the same thread can cure: work that tries again by itself, and has given up. */
export class Fatal {
  private found: { readonly error: unknown } | undefined

  /** Such work: when it fails, the run does. */
  async or<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      this.found ??= { error }
      throw error
    }
  }

  /** Throws the first that was met, if any was. */
  check(): void {
    if (this.found !== undefined) throw this.found.error
  }
}
