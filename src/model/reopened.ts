/** Something that is opened when it is first needed and again when it broke: once, however many ask for it at the same time. */

export class Reopened<Client> {
  #opening: Promise<Client> | null = null

  constructor(
    private readonly how: {
      /** Each call opens another one. */
      open(): Promise<Client>
      isAlive(client: Client): boolean
      close(client: Client): void
    },
  ) {}

  async get(): Promise<Client> {
    const opening = this.#opening ?? this.#open()
    const client = await opening
    if (this.how.isAlive(client)) return client
    // Several may find it broken: the first one opens the next for all of them.
    return this.#opening === opening ? this.#open() : this.get()
  }

  /** The one that is open now, or is just being opened. Whoever asks afterwards gets another. */
  async close(): Promise<void> {
    const opening = this.#opening
    this.#opening = null
    await opening?.then(
      (client) => this.how.close(client),
      () => {},
    )
  }

  #open(): Promise<Client> {
    const opening = this.how.open()
    this.#opening = opening
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = null
    })
    return opening
  }
}
