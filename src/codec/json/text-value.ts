/** A value that is a range of JSON text; decoded each time it is emitted. */
import type { TextReading, Value, ValueNotes, ValueSink } from '../../model/value.js'

export class JsonText implements Value {
  private view: Buffer | undefined

  constructor(
    private readonly text: Buffer,
    private readonly start: number,
    private readonly end: number,
    readonly reading: TextReading,
  ) {}

  get encoding(): 'json' {
    return 'json'
  }

  /** Made when it is asked for: most values are only emitted. */
  get bytes(): Buffer {
    this.view ??= this.text.subarray(this.start, this.end)
    return this.view
  }

  emit(sink: ValueSink, notes?: ValueNotes): void {
    this.reading.emit(this.text, this.start, this.end, sink, notes)
  }
}
