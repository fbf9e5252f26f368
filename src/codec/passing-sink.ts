/** A sink between a reader and another sink: what it does not look at goes on as it came. */
import type { ObjectHead, SetKind, ValueSink } from '../model/value.js'

/** Passes everything on to `inner`. Whoever wants something else of a kind of value says so; where scalars and containers go, both hooks say. */
export class PassingSink implements ValueSink {
  constructor(protected readonly inner: ValueSink) {}

  /** Where the scalar goes that comes now. */
  protected scalar(): ValueSink {
    return this.inner
  }
  /** Where the container goes that begins now. */
  protected container(_isMap: boolean): ValueSink {
    return this.inner
  }

  null(): void {
    this.scalar().null()
  }
  bool(value: boolean): void {
    this.scalar().bool(value)
  }
  int(value: number | bigint): void {
    this.scalar().int(value)
  }
  float(value: number): void {
    this.scalar().float(value)
  }
  text(source: Buffer, start: number, end: number): void {
    this.scalar().text(source, start, end)
  }
  bytes(source: Buffer, start: number, end: number): void {
    this.scalar().bytes(source, start, end)
  }
  bytearray(source: Buffer, start: number, end: number): void {
    this.scalar().bytearray(source, start, end)
  }
  beginList(size: number): void {
    this.container(false).beginList(size)
  }
  beginTuple(size: number): void {
    this.container(false).beginTuple(size)
  }
  beginSet(size: number, kind: SetKind): void {
    this.container(false).beginSet(size, kind)
  }
  beginMap(size: number): void {
    this.container(true).beginMap(size)
  }
  beginObject(head: ObjectHead): void {
    this.container(false).beginObject(head)
  }
  end(): void {
    this.inner.end()
  }
}
