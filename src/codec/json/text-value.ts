/** A value that is a range of JSON text; decoded each time it is emitted. */
import type { TextReading, Value, ValueNotes, ValueSink } from '../../model/value.js'

export class JsonText implements Value {
  readonly encoding = 'json'
  readonly bytes: Buffer

  constructor(
    text: Buffer,
    start: number,
    end: number,
    readonly reading: TextReading,
  ) {
    this.bytes = text.subarray(start, end)
  }

  emit(sink: ValueSink, notes?: ValueNotes): void {
    this.reading.emit(this.bytes, 0, this.bytes.length, sink, notes)
  }
}
