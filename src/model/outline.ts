/** A payload taken apart as far as its encoding goes: each piece with the offset where it stands. */
export interface Outline {
  /** Offset of its first byte, or of the opcode that makes it; null where its encoding does not say. */
  readonly at: number | null
  /** Offset after its last byte, where it is known. */
  readonly end?: number
  /** `map`, `list`, `text`, `int`, `object builtins.set`, `ext 5`, … */
  readonly kind: string
  /** The name or key under which it stands. */
  readonly label?: string
  /** A scalar as text; long ones cut. */
  readonly text?: string
  readonly items?: readonly Outline[]
  /** What its bytes hold: `base64 → msgpack`. Offsets in there count from the start of what was unwrapped. */
  readonly inside?: { readonly encoding: string; readonly outline: Outline }
}
