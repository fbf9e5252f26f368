/** Keys that are asked about, put on record and written together. */
import { DOCUMENT_SLABS, Slabs } from '../../codec/slabs.js'
import type { KeyOrder } from './key-order.js'

export class Chunk {
  readonly orders: KeyOrder[] = []
  bytes = 0
  /** Holds the documents until they are written. */
  readonly documents = new Slabs(DOCUMENT_SLABS)

  add(orders: readonly KeyOrder[]): void {
    for (const order of orders) {
      this.orders.push(order)
      this.bytes += order.bytes
    }
  }
}
