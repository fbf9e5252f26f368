/** A sink that keeps nothing, for a walk that only proves. */
import type { ValueSink } from '../model/value.js'

const nothing = () => {}
export const NOWHERE: ValueSink = {
  null: nothing,
  bool: nothing,
  int: nothing,
  float: nothing,
  text: nothing,
  bytes: nothing,
  bytearray: nothing,
  beginList: nothing,
  beginTuple: nothing,
  beginSet: nothing,
  beginMap: nothing,
  beginObject: nothing,
  end: nothing,
}
