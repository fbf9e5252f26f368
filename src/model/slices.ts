/** Cuts a list into neighbours that go together. */

/** Each slice has at most `size`, and at most `items`; what is larger alone goes alone. */
export function* slicesBySize<T>(
  list: Iterable<T>,
  sizeOf: (item: T) => number,
  { size: maxSize, items: maxItems = Infinity }: { readonly size: number; readonly items?: number },
): Generator<T[]> {
  let slice: T[] = []
  let total = 0
  for (const item of list) {
    const size = sizeOf(item)
    if (slice.length > 0 && (total + size > maxSize || slice.length >= maxItems)) {
      yield slice
      slice = []
      total = 0
    }
    slice.push(item)
    total += size
  }
  if (slice.length > 0) yield slice
}
